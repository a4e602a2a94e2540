/**
 * Devices that an order may affect, read from indexes page by page. Other tasks run between pages, so an order for 100,000 devices does not
 * block the server.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { sql } from 'kysely';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { AffectedQuery, IndexedNexus } from '../jurisdiction/ports.ts';
import type { Db } from './database.ts';
import type { Schema } from './schema.ts';

/** Rows in one page of results. SQLite reads a page in a few milliseconds. */
const PAGE = 2_000;
/** Maximum keys in one statement, well below the parameter limits of SQLite and PostgreSQL. */
const KEYS = 500;

interface Row {
  readonly key: string;
  readonly id: string;
  /**
   * The status is checked in the program. With a condition in the query, SQLite would read all active devices instead of using the index.
   */
  readonly status: Schema['devices']['status'];
}
/**
 * Reads the next devices that match any of `keys` (areas or groups), sorted by key and device id, at most `PAGE` rows. `after`: last device
 * id of the previous page.
 */
type Page = (keys: readonly string[], after: string) => Promise<readonly Row[]>;
type AddPage = (rows: readonly Pick<Row, 'id' | 'status'>[]) => void;

export async function affectedDevices(
  db: Db,
  { locations, homes, seats, unknownAt }: AffectedQuery,
): Promise<DeviceId[]> {
  const found = new Map<string, DeviceId>();
  const addPage: AddPage = (rows) => {
    // Device ids are parsed page by page, because parsing 100,000 ids at once would block the event loop for too long.
    for (const { id, status } of rows)
      if (status === 'active' && !found.has(id)) found.set(id, deviceIdSchema.parse(id));
  };
  // Index entries of the kind `seen` include the areas of the serving network, so the kind `network` needs no query of its own.
  for (const nexus of ['present', 'seen'] as const) await eachPage(locations, tiedBy(db, nexus), addPage);
  for (const [column, areas] of [['home', homes] as const, ['seat', seats] as const]) {
    await eachPage(areas, ownBy(db, column), addPage);
    await eachPage(await groupsWith(db, column, areas), groupedBy(db, column), addPage);
  }
  await eachPage(homes, ownBy(db, 'stated_home'), addPage);
  if (unknownAt !== null) {
    await eachLapsed(db, unknownAt, addPage);
    await eachNeverLocated(db, addPage);
  }
  return [...found.values()];
}

async function eachPage(keys: readonly string[], page: Page, addPage: AddPage): Promise<void> {
  const sorted = [...new Set(keys)].sort();
  for (let from = 0; from < sorted.length; from += KEYS) {
    let remaining = sorted.slice(from, from + KEYS);
    while (remaining.length > 0) {
      const rows = await page(remaining, '');
      addPage(rows);
      await turn();
      const last = rows.at(-1);
      if (!last || rows.length < PAGE) break;
      await restOf(last, page, addPage);
      remaining = remaining.filter((key) => key > last.key);
    }
  }
}

async function restOf(last: Row, page: Page, addPage: AddPage): Promise<void> {
  for (let after: string | undefined = last.id; after !== undefined; ) {
    const rows = await page([last.key], after);
    addPage(rows);
    await turn();
    after = rows.length === PAGE ? rows.at(-1)?.id : undefined;
  }
}

const tiedBy =
  (db: Db, nexus: IndexedNexus): Page =>
  (keys, after) =>
    db
      .selectFrom('device_nexus as t')
      // SQLite does not reorder the tables of a cross join, so the rows arrive in the index's order.
      .crossJoin('devices')
      .select(['t.area as key', 't.device_id as id', 'devices.status'])
      .whereRef('devices.id', '=', 't.device_id')
      .where('devices.status', '=', 'active')
      .where('t.nexus', '=', nexus)
      .where('t.area', 'in', keys)
      .where('t.device_id', '>', after)
      // The condition on `t.device_id` is repeated. Without the repetition, PostgreSQL combines two indexes and reads the second from its
      // start.
      .where('devices.id', '>', after)
      .orderBy('t.area')
      .orderBy('t.device_id')
      .limit(PAGE)
      .execute();

const ownBy =
  (db: Db, column: 'home' | 'seat' | 'stated_home'): Page =>
  async (keys, after) => {
    const rows = await db
      .selectFrom('devices')
      .select([column, 'id', 'status'])
      .where(column, 'in', keys)
      .where('id', '>', after)
      .orderBy(column)
      .orderBy('id')
      .limit(PAGE)
      .execute();
    return rows.map((row) => ({ key: row[column] ?? '', id: row.id, status: row.status }));
  };

/** Devices whose home area or legal seat comes from their group. */
const groupedBy =
  (db: Db, column: 'home' | 'seat'): Page =>
  (keys, after) =>
    db
      .selectFrom('devices')
      .select(['group_id as key', 'id', 'status'])
      .where('group_id', 'in', keys)
      .where('id', '>', after)
      .where(column, 'is', null)
      .orderBy('group_id')
      .orderBy('id')
      .limit(PAGE)
      .execute();

async function groupsWith(db: Db, column: 'home' | 'seat', areas: readonly string[]): Promise<string[]> {
  if (areas.length === 0) return [];
  const requested = new Set(areas);
  const groups = await db.selectFrom('groups').select(['id', column]).where(column, 'is not', null).execute();
  return groups.filter((group) => requested.has(group[column] ?? '')).map(({ id }) => id);
}

async function eachLapsed(db: Db, at: Instant, addPage: AddPage): Promise<void> {
  for (let last: (Pick<Schema['locations'], 'unknown_at' | 'areas'> & { id: string }) | undefined, begun = false; ; ) {
    const rows = await db
      .selectFrom('locations as l')
      .crossJoin('devices')
      .select(['l.unknown_at', 'l.areas', 'l.device_id as id', 'devices.status'])
      .whereRef('devices.id', '=', 'l.device_id')
      .where('devices.status', '=', 'active')
      .where('l.unknown_at', '<=', at)
      .$if(begun, (all) =>
        all.where(({ eb, refTuple, tuple }) =>
          eb(
            refTuple('l.unknown_at', 'l.areas', 'l.device_id'),
            '>',
            tuple(last?.unknown_at ?? 0, last?.areas ?? '', last?.id ?? ''),
          ),
        ),
      )
      .orderBy('l.unknown_at')
      .orderBy('l.areas')
      .orderBy('l.device_id')
      .limit(PAGE)
      .execute();
    addPage(rows);
    await turn();
    if (rows.length < PAGE) return;
    last = rows.at(-1);
    begun = true;
  }
}

/**
 * Devices without a location. The conditions are literals, because a database uses a partial index only if the statement contains the
 * index's condition literally.
 */
async function eachNeverLocated(db: Db, addPage: AddPage): Promise<void> {
  for (let after: string | undefined = ''; after !== undefined; ) {
    const rows: Pick<Row, 'id' | 'status'>[] = await db
      .selectFrom('devices')
      .select(['id', 'status'])
      .where('located', '=', sql.lit(0))
      .where('status', '=', 'active')
      .where('id', '>', after)
      .orderBy('id')
      .limit(PAGE)
      .execute();
    addPage(rows);
    await turn();
    after = rows.length === PAGE ? rows.at(-1)?.id : undefined;
  }
}
