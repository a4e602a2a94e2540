/**
 * Which devices a filter and a scope let through, and in which order: one meaning for lists, their totals and commands to many. A list is
 * found as ids first, by an index that has the order and holds all that filters ask of a device; only the page is read whole.
 */
import { type RawBuilder, sql } from 'kysely';
import type { DeviceFilter, DeviceQuery, Selection } from '../devices/ports.ts';
import type { Database, DialectName } from './database.ts';
import { withinScope } from './device-scope.ts';

interface Found {
  readonly id: string;
}

interface PageOfIds {
  readonly ids: readonly string[];
  readonly total: number;
}

export async function pageOfIds(database: Database, query: DeviceQuery): Promise<PageOfIds> {
  const { filter, sort, offset, limit, descending, after } = query;
  const looksAside = filter.area !== undefined || filter.connected !== undefined;
  // Where a page has to go through all of them anyway, and to ask more of each than its index holds, they are counted on the way.
  if (after === null && (filter.text || (sort === 'seen' && looksAside))) {
    const page = await pageWithTotal(database, query);
    if (page) return page;
  }
  const total = await countIds(database, query);
  if (after !== null || offset <= total / 2) return { ids: await idsOf(database, query), total };
  // What lies beyond the middle is counted from the end: a table that jumps there passes over few.
  const place = { offset: Math.max(0, total - offset - limit), limit: Math.max(0, Math.min(limit, total - offset)) };
  return { ids: (await idsOf(database, { ...query, ...place, descending: !descending })).reverse(), total };
}

/** Null when there is no row on the page to say it. */
async function pageWithTotal({ db, dialect }: Database, query: DeviceQuery): Promise<PageOfIds | null> {
  const columns = sql`devices.id, count(*) over () as total`;
  const { rows } = await sql<Found & { total: number }>`${ordered(dialect, columns, query)}`.execute(db);
  const [first] = rows;
  return first ? { ids: rows.map(({ id }) => id), total: first.total } : null;
}

async function idsOf({ db, dialect }: Database, query: DeviceQuery): Promise<string[]> {
  const { rows } = await sql<Found>`${ordered(dialect, sql`devices.id`, query)}`.execute(db);
  return rows.map(({ id }) => id);
}

export async function countIds({ db, dialect }: Database, selection: Selection): Promise<number> {
  const { rows } = await sql<{ total: number }>`
    select count(*) as total from devices where ${selected(dialect, selection)}`.execute(db);
  return rows[0]?.total ?? 0;
}

export async function allIds({ db, dialect }: Database, selection: Selection): Promise<string[]> {
  const { rows } = await sql<Found>`
    select devices.id from devices where ${selected(dialect, selection)}`.execute(db);
  return rows.map(({ id }) => id);
}

const SORTS = {
  id: { from: sql`devices`, by: sql`devices.id` },
  user: { from: sql`devices`, by: sql`devices.user_name` },
  enrolled: { from: sql`devices`, by: sql`devices.enrolled_at` },
  // What changes with every check-in stands in no index of `devices`: this one is sorted.
  seen: {
    from: sql`devices left join device_presence on device_presence.device_id = devices.id`,
    by: sql`coalesce(device_presence.last_seen_at, 0)`,
  },
};

function ordered(dialect: DialectName, columns: RawBuilder<unknown>, query: DeviceQuery): RawBuilder<unknown> {
  const { sort, descending, after, offset, limit, ...selection } = query;
  const { from, by } = SORTS[sort];
  const direction = sql.raw(descending ? 'desc' : 'asc');
  const past = sql.raw(descending ? '<' : '>');
  const beyond = after ? sql`(${by}, devices.id) ${past} (${after.value}, ${after.id})` : sql`1 = 1`;
  return sql`select ${columns} from ${from} where ${beyond} and ${selected(dialect, selection)}
    order by ${by} ${direction}, devices.id ${direction} limit ${limit} offset ${offset}`;
}

/**
 * A condition on `devices`. To SQLite it is one that no index answers: it has no statistics, would find devices by whatever is compared with
 * `=`, and then sort most of the fleet. PostgreSQL knows better, and has to see through.
 */
export function selected(dialect: DialectName, { filter, scope, now }: Selection): RawBuilder<boolean> {
  const conditions = sql.join([withinScope(scope), ...conditionsOf(dialect, filter, now)], sql` and `);
  return dialect === 'sqlite' ? sql<boolean>`(${conditions}) is true` : sql<boolean>`(${conditions})`;
}

/** In this order: what is in the index goes first, and of the others a text lets the fewest through. */
function conditionsOf(dialect: DialectName, filter: DeviceFilter, now: number): RawBuilder<unknown>[] {
  const { text, group, person, status, area, connected } = filter;
  const conditions: RawBuilder<unknown>[] = [];
  if (group) conditions.push(sql`devices.group_id = ${group}`);
  if (person) conditions.push(sql`devices.person_id = ${person}`);
  if (status) conditions.push(sql`devices.status = ${status}`);
  if (text) {
    const like = likeText(text);
    const byHost = among(dialect, 'device_inventory', like('hostname'));
    conditions.push(sql`(${like('devices.user_name')} or ${like('devices.id')} or ${byHost})`);
  }
  if (area) {
    const there = sql`tie = 'present' and area = ${area}`;
    conditions.push(among(dialect, 'device_ties', there), among(dialect, 'locations', knownAt(now)));
  }
  // Said and not asked: a database takes an index with a condition only for a query that it can see to fulfil it.
  const isConnected = among(dialect, 'device_presence', sql`connected = 1`);
  if (connected !== undefined) conditions.push(connected ? isConnected : sql`not ${isConnected}`);
  return conditions;
}

/** A condition on `locations`: some of the evidence still counts. */
export const knownAt = (now: number): RawBuilder<boolean> => sql<boolean>`(unknown_at is null or unknown_at > ${now})`;

/** Signs are taken for what they are. Both databases lower ASCII alone (PostgreSQL because of the collation `C`), and so does this. */
function likeText(text: string): (column: string) => RawBuilder<boolean> {
  const lowered = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const pattern = `%${lowered.replace(/[\\%_]/g, '\\$&')}%`;
  return (column) => sql<boolean>`lower(${sql.ref(column)}) like ${pattern} escape '\\'`;
}

type Aside = 'device_ties' | 'locations' | 'device_presence' | 'device_inventory';

/**
 * Whether the device is among those of another table. SQLite makes the list once, which is far less than a look for each device;
 * PostgreSQL does the same by itself, and would not with a list behind a `not`.
 */
export function among(
  dialect: DialectName,
  table: Aside,
  which: RawBuilder<unknown>,
  id: RawBuilder<unknown> = sql`devices.id`,
): RawBuilder<boolean> {
  return dialect === 'sqlite'
    ? sql<boolean>`(${id} in (select device_id from ${sql.table(table)} where ${which}))`
    : sql<boolean>`exists (select 1 from ${sql.table(table)} where device_id = ${id} and ${which})`;
}
