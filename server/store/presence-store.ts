/** Presence, inventory and alarms: what changes with every check-in, written in groups. */
import { sql } from 'kysely';
import { GRAVE_ALARMS } from '../../shared/api/alarm-severity.ts';
import { type Inventory, inventorySchema } from '../../shared/protocol/frames.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type {
  Alarm,
  Connected,
  NewAlarm,
  Opened,
  PresenceStore as PresencePort,
  Seen,
  Session,
  Sighted,
} from '../devices/ports.ts';
import type { Scope } from '../devices/scope.ts';
import { storeAlarms } from './alarm-rows.ts';
import { roundsOf, tableOf } from './bulk.ts';
import type { Database, Tx } from './database.ts';
import { withinScope } from './device-scope.ts';

interface Opening {
  readonly connected: Connected;
  readonly alarm: NewAlarm;
  opened: Opened | null;
}

interface Before {
  readonly id: string;
  readonly generation: number;
  readonly last: number | null;
  readonly connected: number | null;
}

/** A device that connects has just spent longer on its handshake; those that come with it share a commit. Milliseconds. */
const CONNECT_PATIENCE = 10;
/** Whoever polls more often than a device that may not connect has to is written down as if it did not, unless it holds something else. Milliseconds. */
const SIGHTED_EVERY = 3 * 60_000;

export class PresenceStore implements PresencePort {
  readonly #database: Database;
  readonly #open: (row: Opening) => Promise<void>;
  readonly #close: (row: Session & { at: number }) => Promise<void>;
  readonly #see: (row: Session & Seen) => Promise<void>;
  readonly #sight: (row: Sighted) => Promise<void>;
  readonly #inventory: (row: { device: DeviceId; inventory: Inventory }) => Promise<void>;
  readonly #raise: (row: NewAlarm) => Promise<void>;

  constructor(database: Database) {
    this.#database = database;
    // In this order a flush writes them: what a device's last session said, its end, and only then the device's next one.
    this.#see = database.grouped(storeSeen);
    this.#close = database.grouped(closeSessions, CONNECT_PATIENCE);
    this.#open = database.grouped(openSessions, CONNECT_PATIENCE);
    this.#sight = database.grouped(storeSightings);
    this.#inventory = database.grouped(storeInventories);
    this.#raise = database.grouped(storeAlarms);
  }

  async connected(connected: Connected, alarm: NewAlarm): Promise<Opened | null> {
    const opening: Opening = { connected, alarm, opened: null };
    await this.#open(opening);
    return opening.opened;
  }

  disconnected(session: Session, at: number): Promise<void> {
    return this.#close({ ...session, at });
  }

  seen(session: Session, seen: Seen): Promise<void> {
    return this.#see({ ...session, ...seen });
  }

  sighted(sighted: Sighted): Promise<void> {
    return this.#sight(sighted);
  }

  async reset(at: number): Promise<void> {
    await this.#database.db
      .updateTable('device_presence')
      .set({ connected: 0, changed_at: at })
      .where('connected', '=', 1)
      .execute();
  }

  putInventory(device: DeviceId, inventory: Inventory): Promise<void> {
    return this.#inventory({ device, inventory });
  }

  async inventory(device: DeviceId): Promise<Inventory | null> {
    const row = await this.#database.db
      .selectFrom('device_inventory')
      .select('body')
      .where('device_id', '=', device)
      .executeTakeFirst();
    return row ? inventorySchema.parse(JSON.parse(row.body)) : null;
  }

  raise(alarm: NewAlarm): Promise<void> {
    return this.#raise(alarm);
  }

  async alarms(query: {
    scope: Scope;
    device: DeviceId | null;
    before: number | null;
    grave: boolean;
    limit: number;
  }): Promise<Alarm[]> {
    const { scope, device, before, grave, limit } = query;
    const rows = await this.#database.db
      .selectFrom('alarms')
      .selectAll()
      .$if(device !== null, (all) => all.where('device_id', '=', device))
      .$if(grave, (all) => all.where('code', 'in', [...GRAVE_ALARMS]))
      .$if(before !== null, (all) => all.where('id', '<', before ?? 0))
      .$if(scope !== null, (all) =>
        all.where('device_id', 'in', (eb) => eb.selectFrom('devices').select('devices.id').where(withinScope(scope))),
      )
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
    return rows.map(({ id, at, first_at, count, device_id, code, detail }) => ({
      ...{ id, at, firstAt: first_at, count: Number(count), isGrave: GRAVE_ALARMS.has(code) },
      device: device_id === null ? null : deviceIdSchema.parse(device_id),
      code,
      detail,
    }));
  }
}

async function openSessions(tx: Tx, openings: readonly Opening[]): Promise<void> {
  for (const round of roundsOf(openings, ({ connected }) => connected.device)) await openRound(tx, round);
}

async function openRound(tx: Tx, openings: readonly Opening[]): Promise<void> {
  // Asked inside the transaction: a revocation that committed between the certificate's check and now is seen here.
  const asked = tableOf(
    ['text'],
    openings.map(({ connected }) => [connected.device]),
  );
  const { rows: before } = await sql<Before>`
    select d.id, d.generation, p.generation as last, p.connected
    from ${asked} as v
      cross join devices d
      left join device_presence p on p.device_id = d.id
    where d.id = v.column1 and d.status = 'active'`.execute(tx);
  const known = new Map(before.map((row) => [row.id, row]));
  const good = openings.filter(({ connected }) => known.get(connected.device)?.generation === connected.generation);
  for (const opening of openings) opening.opened = null;
  if (good.length === 0) return;
  const table = tableOf(
    ['text', 'bigint', 'bigint', 'text', 'text'],
    good.map(({ connected: { device, generation, at, address, agent } }) => [device, generation, at, address, agent]),
  );
  // A new enrolment begins with nothing stored. Without a condition SQLite would take `on conflict` for the one of a join.
  const { rows } = await sql<{
    device_id: string;
    session_epoch: number;
    reports_through: number;
    list_version: number;
    record_stored: number;
    root_version: number;
  }>`
    insert into device_presence as p (device_id, generation, session_epoch, connected, changed_at, last_seen_at, address, agent,
      list_version, record_stored, root_version, reports_through)
    select column1, column2, 1, 1, column3, column3, column4, column5, 0, 0, 0, 0 from ${table} as v where true
    on conflict (device_id) do update set
      session_epoch = p.session_epoch + 1,
      connected = 1,
      changed_at = excluded.changed_at,
      last_seen_at = excluded.last_seen_at,
      address = excluded.address,
      agent = coalesce(excluded.agent, p.agent),
      list_version = case when p.generation = excluded.generation then p.list_version else 0 end,
      record_stored = case when p.generation = excluded.generation then p.record_stored else 0 end,
      root_version = case when p.generation = excluded.generation then p.root_version else 0 end,
      reports_through = case when p.generation = excluded.generation then p.reports_through else 0 end,
      generation = excluded.generation
    returning device_id, session_epoch, reports_through, list_version, record_stored, root_version`.execute(tx);
  const opened = new Map(rows.map((row) => [row.device_id, row]));
  const alarms: NewAlarm[] = [];
  for (const opening of good) {
    const { device, generation } = opening.connected;
    const row = opened.get(device);
    if (!row) throw new Error(`no presence was stored for ${device}`);
    const was = known.get(device);
    const tookOver = was?.connected === 1 && was.last === generation;
    const held = { list: row.list_version, record: row.record_stored, root: row.root_version };
    opening.opened = { epoch: row.session_epoch, tookOver, reportsThrough: row.reports_through, held };
    if (tookOver) alarms.push(opening.alarm);
  }
  if (alarms.length > 0) await storeAlarms(tx, alarms);
}

async function closeSessions(tx: Tx, rows: readonly (Session & { at: number })[]): Promise<void> {
  const table = tableOf(
    ['text', 'bigint', 'bigint'],
    rows.map(({ device, epoch, at }) => [device, epoch, at]),
  );
  await sql`update device_presence set connected = 0, changed_at = v.column3 from ${table} as v
    where device_id = v.column1 and session_epoch = v.column2 and connected = 1`.execute(tx);
}

/** Fenced by the epoch. `reports_through` never goes back; the versions do when the device says so: an admin must see that. */
async function storeSeen(tx: Tx, rows: readonly (Session & Seen)[]): Promise<void> {
  const merged = new Map<string, Session & Seen>();
  for (const row of rows) {
    const key = `${row.device} ${row.epoch}`;
    merged.set(key, { ...merged.get(key), ...row });
  }
  const table = tableOf(
    ['text', 'bigint', 'bigint', 'text', 'bigint', 'bigint', 'bigint', 'bigint'],
    [...merged.values()].map(({ device, epoch, at, agent, list, record, root, reports }) => [
      device,
      epoch,
      at,
      agent ?? null,
      list ?? null,
      record ?? null,
      root ?? null,
      reports ?? null,
    ]),
  );
  await sql`update device_presence set
      last_seen_at = case when v.column3 > last_seen_at then v.column3 else last_seen_at end,
      agent = coalesce(v.column4, agent),
      list_version = coalesce(v.column5, list_version),
      record_stored = coalesce(v.column6, record_stored),
      root_version = coalesce(v.column7, root_version),
      reports_through = case when v.column8 > reports_through then v.column8 else reports_through end
    from ${table} as v where device_id = v.column1 and session_epoch = v.column2`.execute(tx);
}

async function storeSightings(tx: Tx, rows: readonly Sighted[]): Promise<void> {
  const merged = new Map<string, Sighted>();
  for (const row of rows) {
    const key = `${row.device} ${row.generation}`;
    merged.set(key, { ...row, held: row.held ?? merged.get(key)?.held ?? null });
  }
  const table = tableOf(
    ['text', 'bigint', 'bigint', 'text', 'bigint', 'bigint', 'bigint'],
    [...merged.values()].map(({ device, generation, at, address, held }) => [
      ...[device, generation, at, address],
      ...[held?.list ?? null, held?.record ?? null, held?.root ?? null],
    ]),
  );
  await sql`update device_presence set
      last_seen_at = case when v.column3 > last_seen_at then v.column3 else last_seen_at end,
      address = v.column4,
      list_version = coalesce(v.column5, list_version),
      record_stored = coalesce(v.column6, record_stored),
      root_version = coalesce(v.column7, root_version)
    from ${table} as v
    where device_id = v.column1 and generation = v.column2 and connected = 0
      and (last_seen_at <= v.column3 - ${SIGHTED_EVERY}
        or v.column5 <> list_version or v.column6 <> record_stored or v.column7 <> root_version)`.execute(tx);
}

async function storeInventories(tx: Tx, rows: readonly { device: DeviceId; inventory: Inventory }[]): Promise<void> {
  const newest = new Map(rows.map((row) => [row.device, row.inventory]));
  await tx
    .insertInto('device_inventory')
    .values(
      [...newest].map(([device_id, inventory]) => ({
        device_id,
        at: inventory.at,
        hostname: inventory.hostname,
        platform: inventory.os.platform,
        body: JSON.stringify(inventory),
      })),
    )
    .onConflict((conflict) =>
      conflict.column('device_id').doUpdateSet((eb) => ({
        at: eb.ref('excluded.at'),
        hostname: eb.ref('excluded.hostname'),
        platform: eb.ref('excluded.platform'),
        body: eb.ref('excluded.body'),
      })),
    )
    .execute();
}
