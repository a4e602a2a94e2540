/** Presence, inventory and alarms: what changes with every check-in, written in groups. */
import { sql } from 'kysely';
import { type Inventory, inventorySchema } from '../../shared/protocol/frames.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { Alarm, Connected, Opened, PresenceStore as PresencePort, Seen, Session } from '../devices/ports.ts';
import type { Scope } from '../devices/scope.ts';
import { roundsOf, tableOf } from './bulk.ts';
import type { Database, Tx } from './database.ts';
import { withinScope } from './device-scope.ts';

interface Opening {
  readonly connected: Connected;
  readonly alarm: Omit<Alarm, 'id'>;
  opened: Opened | null;
}

export class PresenceStore implements PresencePort {
  readonly #database: Database;
  readonly #open: (row: Opening) => Promise<void>;
  readonly #close: (row: Session & { at: number }) => Promise<void>;
  readonly #see: (row: Session & Seen) => Promise<void>;
  readonly #inventory: (row: { device: DeviceId; inventory: Inventory }) => Promise<void>;
  readonly #raise: (row: Omit<Alarm, 'id'>) => Promise<void>;

  constructor(database: Database) {
    this.#database = database;
    this.#open = database.grouped(openSessions);
    this.#close = database.grouped(closeSessions);
    this.#see = database.grouped(storeSeen);
    this.#inventory = database.grouped(storeInventories);
    this.#raise = database.grouped(storeAlarms);
  }

  async connected(connected: Connected, alarm: Omit<Alarm, 'id'>): Promise<Opened | null> {
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

  raise(alarm: Omit<Alarm, 'id'>): Promise<void> {
    return this.#raise(alarm);
  }

  async alarms(query: {
    scope: Scope;
    device: DeviceId | null;
    before: number | null;
    limit: number;
  }): Promise<Alarm[]> {
    const { scope, device, before, limit } = query;
    const rows = await this.#database.db
      .selectFrom('alarms')
      .selectAll()
      .$if(device !== null, (all) => all.where('device_id', '=', device))
      .$if(before !== null, (all) => all.where('id', '<', before ?? 0))
      .$if(scope !== null, (all) =>
        all.where('device_id', 'in', (eb) =>
          eb
            .selectFrom('devices')
            .innerJoin('groups', 'groups.id', 'devices.group_id')
            .select('devices.id')
            .where(withinScope(scope)),
        ),
      )
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
    return rows.map(({ id, at, device_id, code, detail }) => ({
      id,
      at,
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
  const before = await tx
    .selectFrom('devices')
    .leftJoin('device_presence', 'device_presence.device_id', 'devices.id')
    .select(['devices.id', 'devices.generation', 'device_presence.generation as last', 'device_presence.connected'])
    .where(
      'devices.id',
      'in',
      openings.map(({ connected }) => connected.device),
    )
    .where('devices.status', '=', 'active')
    .execute();
  const known = new Map(before.map((row) => [row.id, row]));
  const good = openings.filter(({ connected }) => known.get(connected.device)?.generation === connected.generation);
  for (const opening of openings) opening.opened = null;
  if (good.length === 0) return;
  const rows = await tx
    .insertInto('device_presence')
    .values(
      good.map(({ connected }) => ({
        device_id: connected.device,
        generation: connected.generation,
        session_epoch: 1,
        connected: 1,
        changed_at: connected.at,
        last_seen_at: connected.at,
        address: connected.address,
        agent: connected.agent,
        list_version: 0,
        record_stored: 0,
        root_version: 0,
        reports_through: 0,
      })),
    )
    .onConflict((conflict) =>
      conflict.column('device_id').doUpdateSet((eb) => {
        // A new enrolment begins with nothing stored.
        const kept = (column: 'list_version' | 'record_stored' | 'root_version' | 'reports_through') =>
          eb
            .case()
            .when('device_presence.generation', '=', eb.ref('excluded.generation'))
            .then(eb.ref(`device_presence.${column}`))
            .else(0)
            .end();
        return {
          generation: eb.ref('excluded.generation'),
          session_epoch: eb('device_presence.session_epoch', '+', 1),
          connected: 1,
          changed_at: eb.ref('excluded.changed_at'),
          last_seen_at: eb.ref('excluded.last_seen_at'),
          address: eb.ref('excluded.address'),
          agent: eb.fn.coalesce('excluded.agent', 'device_presence.agent'),
          list_version: kept('list_version'),
          record_stored: kept('record_stored'),
          root_version: kept('root_version'),
          reports_through: kept('reports_through'),
        };
      }),
    )
    .returning(['device_id', 'session_epoch', 'reports_through'])
    .execute();
  const opened = new Map(rows.map((row) => [row.device_id, row]));
  const alarms: Omit<Alarm, 'id'>[] = [];
  for (const opening of good) {
    const { device, generation } = opening.connected;
    const row = opened.get(device);
    if (!row) throw new Error(`no presence was stored for ${device}`);
    const was = known.get(device);
    const tookOver = was?.connected === 1 && was.last === generation;
    opening.opened = { epoch: row.session_epoch, tookOver, reportsThrough: row.reports_through };
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

async function storeAlarms(tx: Tx, alarms: readonly Omit<Alarm, 'id'>[]): Promise<void> {
  await tx
    .insertInto('alarms')
    .values(alarms.map(({ at, device, code, detail }) => ({ at, device_id: device, code, detail })))
    .execute();
}
