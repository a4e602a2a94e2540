/**
 * Selects and sorts devices by a filter and a scope. A query first finds the ids of its page in an index with the filter's columns, and
 * then reads complete rows only for these ids.
 */
import { type RawBuilder, sql } from 'kysely';
import type { DeviceFilter, DeviceQuery, Selection } from '../devices/ports.ts';
import type { WorkspaceState } from '../devices/workspace.ts';
import type { Database } from './database.ts';
import { countWholeFleet, idsByLastSeen, isWholeFleet } from './device-last-seen.ts';
import { isMember, withinScope } from './device-scope.ts';
import type { DialectName } from './dialect.ts';

interface Found {
  readonly id: string;
}

interface PageOfIds {
  readonly ids: readonly string[];
  readonly total: number;
}

export async function pageOfIds(database: Database, query: DeviceQuery): Promise<PageOfIds> {
  const { filter, sort, offset, limit, descending, after } = query;
  const { text, group: _group, person: _person, status: _status, ...otherFilters } = filter;
  const needsOtherTables = Object.values(otherFilters).some((value) => value !== undefined);
  // Filters such as these need columns outside the index, so the query visits every row anyway. It therefore also counts the total.
  if (after === null && (text || (sort === 'seen' && needsOtherTables))) {
    const page = await pageWithTotal(database, query);
    if (page) return page;
  }
  const total = await countIds(database, query);
  const byIndex = sort === 'seen' && isWholeFleet(query) && (after === null || offset === 0);
  const read = (page: DeviceQuery) => (byIndex ? idsByLastSeen(database, page, total) : idsOf(database, page));
  if (after !== null || offset <= total / 2) return { ids: await read(query), total };
  // Reads a page in the second half backward from the end, so that the database skips fewer rows.
  const window = { offset: Math.max(0, total - offset - limit), limit: Math.max(0, Math.min(limit, total - offset)) };
  return { ids: (await read({ ...query, ...window, descending: !descending })).reverse(), total };
}

/** Returns null for an empty page, which contains no row with the total. */
async function pageWithTotal({ db, dialect }: Database, query: DeviceQuery): Promise<PageOfIds | null> {
  const page = dialect === 'sqlite' && query.filter.text ? searched(query) : null;
  const columns = sql`devices.id, count(*) over () as total`;
  const { rows } = await sql<Found & { total: number }>`${page ?? ordered(dialect, columns, query)}`.execute(db);
  const [first] = rows;
  return first ? { ids: rows.map(({ id }) => id), total: first.total } : null;
}

/**
 * Page of a text search on SQLite. The search is the filter that excludes most devices, so only its results are looked up in other tables.
 * The results are sorted by id first, because SQLite finds neighboring rows several times faster. Null for filters by a device's enrollment,
 * which need more columns.
 */
function searched(query: DeviceQuery): RawBuilder<unknown> | null {
  const { filter, scope, now, sort, descending, limit, offset } = query;
  if (filter.countersigned !== undefined || filter.workspace !== undefined) return null;
  const { from, by } = SORTS[sort];
  const found = sql.join([withinScope(scope), ...ownConditions('sqlite', filter)], sql` and `);
  const matches = otherConditions('each', filter, now);
  const direction = sql.raw(descending ? 'desc' : 'asc');
  // SQLite would drop the order of a subquery without a limit.
  const matching = sql`matching as materialized (select id, value
    from (select id, value from found order by id limit -1) as devices where ${sql.join(matches, sql` and `)})`;
  const rest = matches.length > 0 ? sql`, ${matching}` : sql``;
  const results = sql.ref(matches.length > 0 ? 'matching' : 'found');
  return sql`
    with found as materialized (select devices.id, ${by} as value from ${from} where (${found}) is true) ${rest}
    select id, (select count(*) from ${results}) as total from ${results}
    order by value ${direction}, id ${direction} limit ${limit} offset ${offset}`;
}

async function idsOf({ db, dialect }: Database, query: DeviceQuery): Promise<string[]> {
  const { rows } = await sql<Found>`${ordered(dialect, sql`devices.id`, query)}`.execute(db);
  return rows.map(({ id }) => id);
}

export async function countIds({ db, dialect }: Database, selection: Selection): Promise<number> {
  const query =
    dialect === 'sqlite' && isWholeFleet(selection)
      ? countWholeFleet(selection.filter.status === 'active')
      : sql<{ total: number }>`select count(*) as total from devices where ${selected(dialect, selection)}`;
  const { rows } = await query.execute(db);
  return rows[0]?.total ?? 0;
}

export async function allIds({ db, dialect }: Database, selection: Selection): Promise<string[]> {
  const { rows } = await sql<Found>`
    select devices.id from devices where ${selected(dialect, selection)}`.execute(db);
  return rows.map(({ id }) => id);
}

const SORTS = {
  id: { from: sql`devices`, by: sql`devices.id` },
  user: { from: sql`devices`, by: sql`devices.person_name` },
  enrolled: { from: sql`devices`, by: sql`devices.enrolled_at` },
  // `device_presence` changes at every check-in, so no index of `devices` contains its columns. The database sorts the list instead.
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
 * Condition for the selected devices. `is true` hides it from SQLite, which has no statistics here: it would choose an index for any column
 * compared by `=`, and then sort most of the fleet.
 */
export function selected(dialect: DialectName, { filter, scope, now }: Selection): RawBuilder<boolean> {
  const others = otherConditions(LOOKUPS[dialect], filter, now);
  const conditions = sql.join([withinScope(scope), ...ownConditions(dialect, filter), ...others], sql` and `);
  return dialect === 'sqlite' ? sql<boolean>`(${conditions}) is true` : sql<boolean>`(${conditions})`;
}

/** Conditions on the device itself, and on the text of a search. */
function ownConditions(dialect: DialectName, { text, group, person, status }: DeviceFilter): RawBuilder<unknown>[] {
  const conditions: RawBuilder<unknown>[] = [];
  if (group) conditions.push(isMember(group));
  if (person) conditions.push(sql`devices.person_id = ${person}`);
  if (status) conditions.push(sql`devices.status = ${status}`);
  if (text) {
    const like = likeText(dialect, text);
    const byHost = among(LOOKUPS[dialect], 'device_inventory', like('hostname'));
    conditions.push(sql`(${like('devices.person_name')} or ${like('devices.id')} or ${byHost})`);
  }
  return conditions;
}

/** Conditions on rows of the device in other tables. */
function otherConditions(lookup: Lookup, filter: DeviceFilter, now: number): RawBuilder<unknown>[] {
  const { area, connected, workspace } = filter;
  const { everConnected, seenBefore, listBelow, located, countersigned } = filter;
  const conditions: RawBuilder<unknown>[] = [];
  if (area) {
    const present = sql`nexus = 'present' and area = ${area}`;
    conditions.push(among(lookup, 'device_nexus', present), among(lookup, 'locations', knownAt(now)));
  }
  // The condition is a literal, so that the database can use the partial index with the same condition.
  const isConnected = among(lookup, 'device_presence', sql`connected = 1`);
  if (connected !== undefined) conditions.push(connected ? isConnected : sql`not ${isConnected}`);
  const where = (applies: boolean, condition: RawBuilder<boolean>) =>
    applies ? condition : sql<boolean>`not ${condition}`;
  if (everConnected !== undefined) {
    conditions.push(where(everConnected, among(lookup, 'device_presence', sql`1 = 1`)));
  }
  if (seenBefore !== undefined) {
    conditions.push(among(lookup, 'device_presence', sql`connected = 0 and last_seen_at < ${seenBefore}`));
  }
  if (listBelow !== undefined) conditions.push(among(lookup, 'device_presence', sql`list_version < ${listBelow}`));
  if (located !== undefined) conditions.push(where(located, among(lookup, 'locations', knownAt(now))));
  if (countersigned !== undefined) conditions.push(hasKey(countersigned ? 0 : 1));
  if (workspace) conditions.push(hasWorkspace(workspace));
  return conditions;
}

/** Condition: the messaging key of the current enrollment waits for a countersignature. */
const hasKey = (waiting: 0 | 1): RawBuilder<boolean> => sql<boolean>`exists (select 1 from messaging_keys k
    where k.device_id = devices.id and k.generation = devices.generation and k.unverified = ${waiting})`;

/** Condition on a device's workspace state, which belongs to one enrollment. */
function hasWorkspace(state: WorkspaceState): RawBuilder<boolean> {
  const known = (which: RawBuilder<unknown>) => sql<boolean>`exists (select 1 from device_workspaces w
    where w.device_id = devices.id and w.generation = devices.generation and ${which})`;
  return state === 'open' ? sql<boolean>`not ${known(sql`w.state <> 'open'`)}` : known(sql`w.state = ${state}`);
}

/**
 * Condition for a known location: at least one piece of evidence is still valid. With `or`, SQLite would read two ranges of the index and
 * remove duplicates, which takes longer than one scan.
 */
export const knownAt = (now: number): RawBuilder<boolean> => sql<boolean>`coalesce(unknown_at > ${now}, true)`;

/**
 * Escapes the wildcards of LIKE. Converts only ASCII letters to lower case, as SQLite's LIKE does by itself, and PostgreSQL with the
 * collation `C`.
 */
export function likeText(dialect: DialectName, text: string): (column: string) => RawBuilder<boolean> {
  const lowered = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const pattern = `%${lowered.replace(/[\\%_]/g, '\\$&')}%`;
  const value = (column: string) => (dialect === 'sqlite' ? sql.ref(column) : sql`lower(${sql.ref(column)})`);
  return (column) => sql<boolean>`${value(column)} like ${pattern} escape '\\'`;
}

type DeviceTable = 'device_nexus' | 'locations' | 'device_presence' | 'device_inventory';

/** Way to look devices up in another table: the list of all its matching devices at once, or each device by itself. */
type Lookup = 'list' | 'each';

/** SQLite is faster with `in (select …)` for many devices. PostgreSQL needs `exists`, because it is slow for `not in (select …)`. */
export const LOOKUPS: Readonly<Record<DialectName, Lookup>> = { sqlite: 'list', postgres: 'each' };

/** Condition: `table` has a row of the device. */
export function among(
  lookup: Lookup,
  table: DeviceTable,
  which: RawBuilder<unknown>,
  id: RawBuilder<unknown> = sql`devices.id`,
): RawBuilder<boolean> {
  return lookup === 'list'
    ? sql<boolean>`(${id} in (select device_id from ${sql.table(table)} where ${which}))`
    : sql<boolean>`exists (select 1 from ${sql.table(table)} where device_id = ${id} and ${which})`;
}
