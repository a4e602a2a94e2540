import { sql } from 'kysely';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { DeviceState, DeviceStateWithWaits, DeviceStateStore as Port, Waits } from '../orders/impact/rehearsal.ts';
import type { Database, Db } from './database.ts';
import { OPEN } from './job-members.ts';
import { locationFactsOf, selectLocationFacts } from './jurisdiction-store.ts';
import { keyedQuery } from './keyed-query.ts';

export class DeviceStateStore implements Port {
  readonly #database: Database;
  readonly #select: ReturnType<typeof statesIn>;
  /** Compiled query for one order number. The query is reused, because a caller reads all devices in many calls with the same order number. */
  #statesWithWaits: { readonly order: string | null; readonly select: ReturnType<typeof statesWithWaitsIn> } | null =
    null;

  constructor(database: Database) {
    this.#database = database;
    this.#select = statesIn(database.db);
  }

  async states(devices: readonly DeviceId[]): Promise<Map<DeviceId, DeviceState>> {
    return activeOf(devices, await this.#select(devices), stateOf);
  }

  async statesWithWaits(
    devices: readonly DeviceId[],
    order: string | null,
  ): Promise<Map<DeviceId, DeviceStateWithWaits>> {
    if (this.#statesWithWaits?.order !== order)
      this.#statesWithWaits = { order, select: statesWithWaitsIn(this.#database.db, order) };
    return activeOf(devices, await this.#statesWithWaits.select(devices), (row) => ({
      ...stateOf(row),
      waits: waitsOf(row),
      delivered: row.delivered === 1,
    }));
  }

  async activeDevices(): Promise<number> {
    const { count } = await this.#database.db
      .selectFrom('devices')
      .select(({ fn }) => fn.countAll().as('count'))
      .where('status', '=', 'active')
      .executeTakeFirstOrThrow();
    return Number(count);
  }
}

/**
 * States of the active devices. The function reuses ids that the caller has parsed, because parsing 100,000 ids again would take most of
 * the time.
 */
function activeOf<Row extends { readonly id: string; readonly status: string }, T>(
  devices: readonly DeviceId[],
  rows: readonly Row[],
  read: (row: Row) => T,
): Map<DeviceId, T> {
  const byId = new Map<string, Row>();
  for (const row of rows) if (row.status === 'active') byId.set(row.id, row);
  const found = new Map<DeviceId, T>();
  for (const device of devices) {
    const row = byId.get(device);
    if (row) found.set(device, read(row));
  }
  return found;
}

type StateRow = Awaited<ReturnType<ReturnType<typeof statesIn>>>[number];

function stateOf(row: StateRow): DeviceState {
  return {
    facts: locationFactsOf(row),
    user: row.person_name,
    connected: row.connected === 1,
    listVersion: row.list_version ?? 0,
  };
}

function waitsOf({ messages, bytes, commands }: Record<keyof Waits, number | null>): Waits {
  return { messages: messages ?? 0, bytes: bytes ?? 0, commands: commands ?? 0 };
}

function selectStates(db: Db) {
  return (
    selectLocationFacts(db)
      // Only rows of the current enrollment are joined, because data from an earlier enrollment must not appear.
      .leftJoin('device_presence', (join) =>
        join
          .onRef('device_presence.device_id', '=', 'devices.id')
          .onRef('device_presence.generation', '=', 'devices.generation'),
      )
      .select(['devices.person_name', 'device_presence.connected', 'device_presence.list_version'])
      // The status is a selected column and not a condition. With a condition, SQLite would use an index on the status, and then look up
      // each row separately.
      .select('devices.status')
  );
}

const statesIn = (db: Db) => keyedQuery(db, (devices) => selectStates(db).where('devices.id', 'in', devices));

/** Query for all columns. Separate queries for the numbers of waiting messages and commands would double the time. */
const statesWithWaitsIn = (db: Db, order: string | null) =>
  keyedQuery(db, (devices) =>
    selectStates(db)
      .leftJoin('mailboxes', (join) =>
        join.onRef('mailboxes.device_id', '=', 'devices.id').onRef('mailboxes.generation', '=', 'devices.generation'),
      )
      .select(['mailboxes.entries as messages', 'mailboxes.bytes'])
      .select(
        sql<number>`(select count(*) from commands c where c.device_id = devices.id and c.generation = devices.generation
            and c.state in ('queued', 'stored'))
          + (select count(*) from jobs j cross join job_members m where ${OPEN} and m.job = j.id
            and m.device_id = devices.id and m.generation = devices.generation and m.waiting = 1)`.as('commands'),
      )
      .select(
        order === null
          ? sql<number>`0`.as('delivered')
          : sql<number>`case when exists (
              select 1 from receipts r where r.order_number = ${order} and r.kind = 'delivered' and r.device_id = devices.id
                and r.generation = devices.generation and r.verified = 1) then 1 else 0 end`.as('delivered'),
      )
      .where('devices.id', 'in', devices),
  );
