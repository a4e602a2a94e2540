/** Store of devices' presence. It changes with every check-in, so it is written in groups. */
import { type RawBuilder, sql } from 'kysely';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type {
  Connected,
  Contact,
  NewAlert,
  Opened,
  PresenceStore as PresencePort,
  ReportedState,
  Session,
} from '../devices/ports.ts';
import type { PersonSealer } from '../person-keys/person-keys.ts';
import { storeAlerts } from './alert-rows.ts';
import { roundsOf, tableOf } from './bulk.ts';
import { markFactsOf } from './changed-facts.ts';
import { type EndedConnection, logConnections, logOpenConnections, PERSON_OF_CONNECTION } from './connection-log.ts';
import type { Database, Tx } from './database.ts';

interface Opening {
  readonly connected: Connected;
  readonly alert: NewAlert;
  opened: Opened | null;
}

interface Before {
  readonly id: string;
  readonly generation: number;
  readonly last: number | null;
  readonly connected: number | null;
  readonly person: string | null;
  readonly since: number | null;
  readonly address: string | null;
}

/**
 * Options of writes that describe connections. `patience`: milliseconds for which a write waits for other writes, so that devices that
 * connect at the same time share a commit. This wait is shorter than a TLS handshake, so devices hardly notice it.
 */
export const OF_CONNECTIONS = { patience: 10, relaxed: true };
/**
 * Minimum milliseconds between two stored polls of a suspended device, unless its order list, device record or approver set has changed.
 */
const SIGHTED_EVERY = 3 * 60_000;

export class PresenceStore implements PresencePort {
  readonly #database: Database;
  readonly #sealer: PersonSealer;
  readonly #open: (row: Opening) => Promise<void>;
  readonly #close: (row: Session & { at: number }) => Promise<void>;
  readonly #recordState: (row: Session & ReportedState) => Promise<void>;
  readonly #recordContact: (row: Contact) => Promise<void>;

  /** Creates the store. `sealer`: encrypts the log of connections. */
  constructor(database: Database, sealer: PersonSealer) {
    this.#database = database;
    this.#sealer = sealer;
    // Within one commit, the writers run in this order: reports of the device's last session, end of that session, next session.
    this.#recordState = database.grouped(storeStates, { first: true });
    this.#close = database.grouped((tx, rows) => closeSessions(tx, sealer, rows), OF_CONNECTIONS);
    this.#open = database.grouped((tx, rows) => openSessions(tx, sealer, rows), OF_CONNECTIONS);
    this.#recordContact = database.grouped(storeContacts);
  }

  async connected(connected: Connected, alert: NewAlert): Promise<Opened | null> {
    const opening: Opening = { connected, alert, opened: null };
    await this.#open(opening);
    return opening.opened;
  }

  disconnected(session: Session, at: number): Promise<void> {
    return this.#close({ ...session, at });
  }

  recordState(session: Session, state: ReportedState): Promise<void> {
    return this.#recordState({ ...session, ...state });
  }

  recordContact(contact: Contact): Promise<void> {
    return this.#recordContact(contact);
  }

  reset(at: number): Promise<void> {
    return logOpenConnections((fn) => this.#database.transaction(fn), this.#sealer, at);
  }
}

async function openSessions(tx: Tx, sealer: PersonSealer, openings: readonly Opening[]): Promise<void> {
  for (const round of roundsOf(openings, ({ connected }) => connected.device)) await openRound(tx, sealer, round);
}

async function openRound(tx: Tx, sealer: PersonSealer, openings: readonly Opening[]): Promise<void> {
  // Reads the enrollments inside the transaction, in case a revocation was committed after the check of the certificate.
  const requested = tableOf(
    ['text'],
    openings.map(({ connected }) => [connected.device]),
  );
  const { rows: before } = await sql<Before>`
    select d.id, d.generation, p.generation as last, p.connected, ${PERSON_OF_CONNECTION} as person, p.changed_at as since, p.address
    from ${requested} as v
      cross join devices d
      left join device_presence p on p.device_id = d.id
    where d.id = v.column1 and d.status = 'active'`.execute(tx);
  const known = new Map(before.map((row) => [row.id, row]));
  const accepted = openings.filter(({ connected }) => known.get(connected.device)?.generation === connected.generation);
  for (const opening of openings) opening.opened = null;
  if (accepted.length === 0) return;
  const table = tableOf(
    ['text', 'bigint', 'bigint', 'text', 'text'],
    accepted.map(({ connected: { device, generation, at, address, agent } }) => [
      device,
      generation,
      at,
      address,
      agent,
    ]),
  );
  await markAgents(tx, sql`select column1 as device, column5 as agent from ${table} as v`);
  // A device has no document versions at the start of a new enrollment. Without `where true`, SQLite would parse `on conflict` as the
  // condition of a join.
  const { rows } = await sql<{
    device_id: string;
    session_epoch: number;
    last_report: number;
    list_version: number;
    stored_record_version: number;
    approver_set_version: number;
  }>`
    insert into device_presence as p (device_id, generation, session_epoch, connected, changed_at, last_seen_at, address, agent,
      list_version, stored_record_version, approver_set_version, last_report)
    select column1, column2, 1, 1, column3, column3, column4, column5, 0, 0, 0, 0 from ${table} as v where true
    on conflict (device_id) do update set
      session_epoch = p.session_epoch + 1,
      connected = 1,
      changed_at = excluded.changed_at,
      last_seen_at = excluded.last_seen_at,
      address = excluded.address,
      agent = coalesce(excluded.agent, p.agent),
      list_version = case when p.generation = excluded.generation then p.list_version else 0 end,
      stored_record_version = case when p.generation = excluded.generation then p.stored_record_version else 0 end,
      approver_set_version = case when p.generation = excluded.generation then p.approver_set_version else 0 end,
      last_report = case when p.generation = excluded.generation then p.last_report else 0 end,
      generation = excluded.generation
    returning device_id, session_epoch, last_report, list_version, stored_record_version, approver_set_version`.execute(
    tx,
  );
  const opened = new Map(rows.map((row) => [row.device_id, row]));
  const alerts: NewAlert[] = [];
  for (const opening of accepted) {
    const { device, generation } = opening.connected;
    const row = opened.get(device);
    if (!row) throw new Error(`no presence was stored for ${device}`);
    const was = known.get(device);
    const replacedSession = was?.connected === 1 && was.last === generation;
    const reportedVersions = {
      list: row.list_version,
      record: row.stored_record_version,
      approverSet: row.approver_set_version,
    };
    opening.opened = { epoch: row.session_epoch, replacedSession, reportsThrough: row.last_report, reportedVersions };
    if (replacedSession) alerts.push(opening.alert);
  }
  if (alerts.length > 0) await storeAlerts(tx, alerts);
  await logConnections(
    tx,
    sealer,
    accepted.flatMap(({ connected }) => replacedConnection(known, connected)),
  );
}

/** Connection that has no end of its own. It ends because the next connection of the device replaces it. */
function replacedConnection(known: ReadonlyMap<string, Before>, { device, at }: Connected): EndedConnection[] {
  const before = known.get(device);
  if (before?.connected !== 1 || before.since === null || before.last === null) return [];
  return [
    { person: before.person, device, generation: before.last, from: before.since, to: at, address: before.address },
  ];
}

async function closeSessions(tx: Tx, sealer: PersonSealer, rows: readonly (Session & { at: number })[]): Promise<void> {
  const table = tableOf(
    ['text', 'bigint', 'bigint'],
    rows.map(({ device, epoch, at }) => [device, epoch, at]),
  );
  const { rows: ended } = await sql<EndedConnection>`
    select ${PERSON_OF_CONNECTION} as person, p.device_id as device, p.generation, p.changed_at as "from", v.column3 as "to", p.address
    from ${table} as v
      cross join device_presence p
      inner join devices d on d.id = p.device_id
    where p.device_id = v.column1 and p.session_epoch = v.column2 and p.connected = 1`.execute(tx);
  // If one session ends twice in a commit, the ends belong to the same connection, so only one is logged.
  await logConnections(tx, sealer, [...new Map(ended.map((row) => [row.device, row])).values()]);
  await sql`update device_presence set connected = 0, changed_at = v.column3 from ${table} as v
    where device_id = v.column1 and session_epoch = v.column2 and connected = 1`.execute(tx);
}

/**
 * Ignores writes of earlier connections, which have a lower epoch (number of the connection). Document versions may decrease, because an
 * admin must be able to see a decrease.
 */
export async function storeStates(tx: Tx, rows: readonly (Session & ReportedState)[]): Promise<void> {
  const merged = new Map<string, Session & ReportedState>();
  for (const row of rows) {
    const key = `${row.device} ${row.epoch}`;
    merged.set(key, { ...merged.get(key), ...row });
  }
  const table = tableOf(
    ['text', 'bigint', 'bigint', 'text', 'bigint', 'bigint', 'bigint', 'bigint'],
    [...merged.values()].map(({ device, epoch, at, agent, list, record, approverSet, reports }) => [
      device,
      epoch,
      at,
      agent ?? null,
      list ?? null,
      record ?? null,
      approverSet ?? null,
      reports ?? null,
    ]),
  );
  if (rows.some(({ agent }) => agent !== undefined))
    await markAgents(tx, sql`select column1 as device, column4 as agent from ${table} as v`);
  await sql`update device_presence set
      last_seen_at = case when v.column3 > last_seen_at then v.column3 else last_seen_at end,
      agent = coalesce(v.column4, agent),
      list_version = coalesce(v.column5, list_version),
      stored_record_version = coalesce(v.column6, stored_record_version),
      approver_set_version = coalesce(v.column7, approver_set_version),
      last_report = case when v.column8 > last_report then v.column8 else last_report end
    from ${table} as v where device_id = v.column1 and session_epoch = v.column2`.execute(tx);
}

/** Marks reports as stored, as part of the transaction that stores their content. Ignores reports of earlier connections. */
export async function markReports(
  tx: Tx,
  reports: readonly { readonly device: DeviceId; readonly epoch: number; readonly at: number; readonly seq: number }[],
): Promise<void> {
  if (reports.length === 0) return;
  const table = tableOf(
    ['text', 'bigint', 'bigint', 'bigint'],
    reports.map(({ device, epoch, at, seq }) => [device, epoch, at, seq]),
  );
  await sql`update device_presence set
      last_seen_at = case when v.column3 > last_seen_at then v.column3 else last_seen_at end,
      last_report = case when v.column4 > last_report then v.column4 else last_report end
    from ${table} as v where device_id = v.column1 and session_epoch = v.column2`.execute(tx);
}

async function storeContacts(tx: Tx, rows: readonly Contact[]): Promise<void> {
  const merged = new Map<string, Contact>();
  for (const row of rows) {
    const key = `${row.device} ${row.generation}`;
    merged.set(key, { ...row, versions: row.versions ?? merged.get(key)?.versions ?? null });
  }
  const table = tableOf(
    ['text', 'bigint', 'bigint', 'text', 'bigint', 'bigint', 'bigint'],
    [...merged.values()].map(({ device, generation, at, address, versions }) => [
      device,
      generation,
      at,
      address,
      versions?.list ?? null,
      versions?.record ?? null,
      versions?.approverSet ?? null,
    ]),
  );
  await sql`update device_presence set
      last_seen_at = case when v.column3 > last_seen_at then v.column3 else last_seen_at end,
      address = v.column4,
      list_version = coalesce(v.column5, list_version),
      stored_record_version = coalesce(v.column6, stored_record_version),
      approver_set_version = coalesce(v.column7, approver_set_version)
    from ${table} as v
    where device_id = v.column1 and generation = v.column2 and connected = 0
      and (last_seen_at <= v.column3 - ${SIGHTED_EVERY}
        or v.column5 <> list_version or v.column6 <> stored_record_version or v.column7 <> approver_set_version)`.execute(
    tx,
  );
}

/** Marks the devices that report another version of the agent. `reported`: query for the ids of devices with their versions. */
const markAgents = (tx: Tx, reported: RawBuilder<unknown>): Promise<void> =>
  markFactsOf(
    tx,
    sql`select distinct r.device from (${reported}) as r left join device_presence p on p.device_id = r.device
      where r.agent is not null and p.agent is distinct from r.agent`,
    'presence',
  );
