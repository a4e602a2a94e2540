/** Where devices are and how they stand towards the server, read for thousands of them at once. */
import { sql } from 'kysely';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { DeviceStanding, Owed, StandingStore as Port, Waits } from '../orders/rehearsal.ts';
import type { Database, Db } from './database.ts';
import { placeOf, selectPlaces } from './jurisdiction-store.ts';
import { keyedQuery } from './keyed-query.ts';

export class StandingStore implements Port {
  readonly #database: Database;
  readonly #select: ReturnType<typeof standingsIn>;
  /** For the order that was asked for last: one is asked for a whole fleet, slice by slice. */
  #dues: { readonly order: string | null; readonly select: ReturnType<typeof duesIn> } | null = null;

  constructor(database: Database) {
    this.#database = database;
    this.#select = standingsIn(database.db);
  }

  async standing(devices: readonly DeviceId[]): Promise<Map<DeviceId, DeviceStanding>> {
    return activeOf(devices, await this.#select(devices), standingOf);
  }

  async standingAndDues(devices: readonly DeviceId[], order: string | null): Promise<Map<DeviceId, Owed>> {
    if (this.#dues?.order !== order) this.#dues = { order, select: duesIn(this.#database.db, order) };
    return activeOf(devices, await this.#dues.select(devices), (row) => ({
      ...standingOf(row),
      waits: waitsOf(row),
      informed: row.informed === 1,
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

/** Those that are asked for are known by their ids already: parsing a hundred thousand once more would take longer than much of the rest. */
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

type StandingRow = Awaited<ReturnType<ReturnType<typeof standingsIn>>>[number];

function standingOf(row: StandingRow): DeviceStanding {
  return {
    place: placeOf(row),
    user: row.user_name,
    connected: row.connected === 1,
    listVersion: row.list_version ?? 0,
  };
}

function waitsOf({ messages, bytes, commands }: Record<keyof Waits, number | null>): Waits {
  return { messages: messages ?? 0, bytes: bytes ?? 0, commands: commands ?? 0 };
}

function selectStandings(db: Db) {
  return (
    selectPlaces(db)
      // What an earlier enrolment held is nothing to this one.
      .leftJoin('device_presence', (join) =>
        join
          .onRef('device_presence.device_id', '=', 'devices.id')
          .onRef('device_presence.generation', '=', 'devices.generation'),
      )
      .select(['devices.user_name', 'device_presence.connected', 'device_presence.list_version'])
      // Read and not asked for: SQLite would else find each device by an index on its status, and then once more.
      .select('devices.status')
  );
}

const standingsIn = (db: Db) => keyedQuery(db, (devices) => selectStandings(db).where('devices.id', 'in', devices));

/** As columns of the same row: asked for by themselves they would take as long as all the rest. */
const duesIn = (db: Db, order: string | null) =>
  keyedQuery(db, (devices) =>
    selectStandings(db)
      .leftJoin('mailboxes', (join) =>
        join.onRef('mailboxes.device_id', '=', 'devices.id').onRef('mailboxes.generation', '=', 'devices.generation'),
      )
      .select(['mailboxes.entries as messages', 'mailboxes.bytes'])
      .select(({ selectFrom, fn }) =>
        selectFrom('commands')
          .select(fn.countAll<number>().as('count'))
          .whereRef('commands.device_id', '=', 'devices.id')
          .whereRef('commands.generation', '=', 'devices.generation')
          .where('commands.state', 'in', sql<'queued' | 'stored'>`('queued', 'stored')`)
          .as('commands'),
      )
      .select(
        order === null
          ? sql<number>`0`.as('informed')
          : sql<number>`case when exists (
              select 1 from receipts r where r.order_number = ${order} and r.kind = 'informed' and r.device_id = devices.id
                and r.generation = devices.generation and r.verified = 1) then 1 else 0 end`.as('informed'),
      )
      .where('devices.id', 'in', devices),
  );
