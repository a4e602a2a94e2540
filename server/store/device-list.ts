/**
 * Selects and sorts devices by a filter and a scope. A query first finds the ids of its page in an index with the filter's columns, and
 * then reads complete rows only for these ids. A filter that no index supports is in `device-scan.ts`.
 */
import { type RawBuilder, sql } from 'kysely';
import { MOST_WORDS } from '../../shared/api/devices.ts';
import { type Condition, isInventoryList } from '../../shared/inventory/list-fields.ts';
import type { ComplianceState } from '../../shared/policy/compliance-states.ts';
import { DEVICE_SORTS, type DeviceFilter, type DeviceQuery, type Selection } from '../devices/ports.ts';
import type { WorkspaceState } from '../devices/workspace.ts';
import { lowered, positionIn } from './column-text.ts';
import type { Database } from './database.ts';
import { hasLabel, labelMeets } from './device-labels.ts';
import { countWholeFleet, idsByLastSeen, isWholeFleet } from './device-last-seen.ts';
import { andInRange, type Lookup } from './device-range.ts';
import { isMember, withinScope } from './device-scope.ts';
import type { DialectName } from './dialect.ts';
import { factColumn } from './fact-column.ts';
import { inList } from './fact-lists.ts';
import { isInState } from './life-cycle-condition.ts';
import { isLost } from './lost-mode-condition.ts';

interface Found {
  readonly id: string;
}

export interface PageOfIds {
  readonly ids: readonly string[];
  readonly total: number;
}

/** Splits a search text into words. */
export const wordsOf = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== '');

/** True if the columns of an index do not suffice for the filter and the sort order, so that the query reads every device. */
export function needsScan({ filter, sort }: Pick<DeviceQuery, 'filter' | 'sort'>): boolean {
  const { text, where, compliance, group: _group, person: _person, status: _status, ...others } = filter;
  if (text !== undefined || where !== undefined || compliance !== undefined) return true;
  if (!DEVICE_SORTS.some((one) => one === sort)) return true;
  return sort === 'seen' && Object.values(others).some((value) => value !== undefined);
}

export async function pageOfIds(database: Database, query: DeviceQuery): Promise<PageOfIds> {
  const { sort, offset, limit, descending, after } = query;
  const total = await countIds(database, query);
  const byIndex = sort === 'seen' && isWholeFleet(query) && (after === null || offset === 0);
  const read = (page: DeviceQuery) => (byIndex ? idsByLastSeen(database, page, total) : idsOf(database, page));
  if (after !== null || offset <= total / 2) return { ids: await read(query), total };
  // Pages in the second half of the list are read backward from the end, so that the database skips fewer rows.
  const window = { offset: Math.max(0, total - offset - limit), limit: Math.max(0, Math.min(limit, total - offset)) };
  return { ids: (await read({ ...query, ...window, descending: !descending })).reverse(), total };
}

async function idsOf({ db, dialect }: Database, query: DeviceQuery): Promise<string[]> {
  const { sort, descending, after, offset, limit, ...selection } = query;
  const { from, by } = sortOf(sort, LOOKUPS[dialect]);
  const direction = sql.raw(descending ? 'desc' : 'asc');
  const past = sql.raw(descending ? '<' : '>');
  const beyond = after ? sql`(${by}, devices.id) ${past} (${after.value}, ${after.id})` : sql`1 = 1`;
  const { rows } = await sql<Found>`select devices.id from ${from}
    where ${beyond} and ${selected(dialect, selection)}
    order by ${by} ${direction}, devices.id ${direction} limit ${limit} offset ${offset}`.execute(db);
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

const joined = (table: 'device_presence' | 'device_facts', lookup: Lookup): RawBuilder<unknown> => {
  const id = `${table}.device_id`;
  return sql`devices left join ${sql.table(table)} on ${sql.ref(id)} = devices.id${andInRange(lookup, id)}`;
};

/** Tables and value by which a list is sorted. The database sorts by `device_presence` and `device_facts` without an index. */
export function sortOf(
  sort: DeviceQuery['sort'],
  lookup: Lookup,
): {
  readonly from: RawBuilder<unknown>;
  readonly by: RawBuilder<unknown>;
} {
  switch (sort) {
    case 'id':
      return { from: sql`devices`, by: sql`devices.id` };
    case 'user':
      return { from: sql`devices`, by: sql`devices.person_name` };
    case 'enrolled':
      return { from: sql`devices`, by: sql`devices.enrolled_at` };
    case 'seen':
      // `device_presence` changes at every check-in. Its columns are therefore in no index of `devices`.
      return { from: joined('device_presence', lookup), by: sql`coalesce(device_presence.last_seen_at, 0)` };
    default:
      return { from: joined('device_facts', lookup), by: sql.ref(`device_facts.${factColumn(sort)}`) };
  }
}

/**
 * Condition for the selected devices. `is true` hides it from SQLite, which has no statistics here: it would choose an index for any column
 * compared by `=`, and then sort most of the fleet. `lookup`: see `LOOKUPS`.
 */
export function selected(
  dialect: DialectName,
  selection: Selection,
  lookup: Lookup = LOOKUPS[dialect],
): RawBuilder<boolean> {
  const { filter, scope, now } = selection;
  const conditions = sql.join(
    [
      withinScope(scope, lookup),
      ...ownConditions(lookup, filter),
      ...searchConditions(dialect, lookup, selection),
      ...factConditions(dialect, lookup, filter.where),
      ...otherConditions(lookup, filter, now),
    ],
    sql` and `,
  );
  return dialect === 'sqlite' ? sql<boolean>`(${conditions}) is true` : sql<boolean>`(${conditions})`;
}

/** Conditions on the device itself, and on its groups. */
function ownConditions(
  lookup: Lookup,
  { group, person, status, label, lifeCycle }: DeviceFilter,
): RawBuilder<unknown>[] {
  const conditions: RawBuilder<unknown>[] = [];
  if (group) conditions.push(isMember(group, lookup));
  if (person) conditions.push(sql`devices.person_id = ${person}`);
  if (status) conditions.push(sql`devices.status = ${status}`);
  if (label) conditions.push(hasLabel(label, lookup));
  if (lifeCycle) conditions.push(isInState(lifeCycle));
  return conditions;
}

/** Test for a search text that consists of characters of IPv4 and IPv6 addresses. */
const ADDRESS = /^[0-9a-f.:]+$/;

const ID_PREFIX = 'dev_';
/**
 * Minimum number of letters of an id, without its prefix, in a search. Ids of the same months begin with the same letters, so fewer letters
 * would match most devices.
 */
const SHORTEST_ID = 6;

function searchConditions(
  dialect: DialectName,
  lookup: Lookup,
  { filter, addresses }: Selection,
): RawBuilder<unknown>[] {
  return wordsOf(filter.text ?? '')
    .slice(0, MOST_WORDS)
    .map(lowered)
    .map((word) => {
      const contains = (column: string) => sql`${positionIn(dialect, column, word)} > 0`;
      const inFacts = sql`(${contains('hostname')} or ${contains('hardware_serial')})`;
      const parts = [
        contains('devices.person_name'),
        among(lookup, 'device_facts', inFacts),
        among(lookup, 'display_names', contains('name')),
      ];
      const id = word.startsWith(ID_PREFIX) ? 1 : word.length >= SHORTEST_ID ? ID_PREFIX.length + 1 : null;
      if (id !== null) parts.push(sql`${positionIn(dialect, 'devices.id', word)} = ${id}`);
      if (addresses !== undefined && ADDRESS.test(word)) {
        const byAddress = among(lookup, 'device_presence', contains('address'));
        parts.push(sql`(${byAddress} and ${withinScope(addresses, lookup)})`);
      }
      return sql`(${sql.join(parts, sql` or `)})`;
    });
}

/** Conditions on fields. `software-condition.ts` has those on software. */
function factConditions(
  dialect: DialectName,
  lookup: Lookup,
  conditions: readonly Condition[] | undefined,
): RawBuilder<unknown>[] {
  return (conditions ?? []).flatMap((condition) => {
    const one = fieldCondition(dialect, lookup, condition);
    return one === null ? [] : [one];
  });
}

function fieldCondition(dialect: DialectName, lookup: Lookup, condition: Condition): RawBuilder<unknown> | null {
  const { field, op, value } = condition;
  switch (field) {
    case 'software':
      return null;
    case 'labels':
      return labelMeets(dialect, lookup, { op, value: String(value) });
    case 'user':
      return compared(dialect, 'devices.person_name', condition);
    case 'enrolled':
      return compared(dialect, 'devices.enrolled_at', condition);
    case 'lostMode':
      return op === 'known'
        ? sql`1 = 1`
        : op === 'unknown'
          ? sql`1 = 0`
          : value === true
            ? isLost(lookup)
            : sql`not ${isLost(lookup)}`;
    case 'seen':
      return ofTable(dialect, lookup, 'device_presence', 'last_seen_at', condition);
  }
  if (!isInventoryList(field)) return ofTable(dialect, lookup, 'device_facts', factColumn(field), condition);
  const listed = (which: RawBuilder<unknown>) => among(lookup, 'device_fact_lists', which);
  if (op === 'unknown') return sql`not ${listed(inList(dialect, field, 'known', ''))}`;
  const known = op === 'includes' || op === 'excludes' || op === 'contains' ? op : 'known';
  return listed(inList(dialect, field, known, String(value)));
}

/** Condition on a column of a table in which a device may have no row. Its value is then unknown. */
function ofTable(
  dialect: DialectName,
  lookup: Lookup,
  table: 'device_facts' | 'device_presence',
  column: string,
  condition: Condition,
): RawBuilder<unknown> {
  if (condition.op === 'unknown') return sql`not ${among(lookup, table, sql`${sql.ref(column)} is not null`)}`;
  return among(lookup, table, compared(dialect, column, condition));
}

function compared(dialect: DialectName, name: string, { op, value }: Condition): RawBuilder<unknown> {
  const column = sql.ref(name);
  if (op === 'known') return sql`${column} is not null`;
  if (op === 'unknown') return sql`${column} is null`;
  if (typeof value === 'string') {
    const text = lowered(value);
    if (op === 'is') return sql`lower(${column}) = ${text}`;
    if (op === 'is-not') return sql`lower(${column}) <> ${text}`;
    const position = positionIn(dialect, name, text);
    return op === 'contains' ? sql`${position} > 0` : sql`${position} = 1`;
  }
  const number = Number(value);
  if (op === 'at-least') return sql`${column} >= ${number}`;
  if (op === 'at-most') return sql`${column} <= ${number}`;
  return op === 'is-not' ? sql`${column} <> ${number}` : sql`${column} = ${number}`;
}

/** Conditions on the device's rows in other tables. */
function otherConditions(lookup: Lookup, filter: DeviceFilter, now: number): RawBuilder<unknown>[] {
  const { area, connected, workspace, compliance } = filter;
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
  if (countersigned !== undefined) conditions.push(hasKey(lookup, countersigned ? 0 : 1));
  if (workspace) conditions.push(hasWorkspace(lookup, workspace));
  if (compliance) conditions.push(hasCompliance(lookup, compliance));
  return conditions;
}

/** Condition: the messaging key of the current enrollment waits for a countersignature. */
const hasKey = (lookup: Lookup, waiting: 0 | 1): RawBuilder<boolean> =>
  sql<boolean>`exists (select 1 from messaging_keys k
    where k.device_id = devices.id${andInRange(lookup, 'k.device_id')} and k.generation = devices.generation and k.unverified = ${waiting})`;

/** Condition on a device's workspace state, which belongs to one enrollment. */
function hasWorkspace(lookup: Lookup, state: WorkspaceState): RawBuilder<boolean> {
  const known = (which: RawBuilder<unknown>) => sql<boolean>`exists (select 1 from device_workspaces w
    where w.device_id = devices.id${andInRange(lookup, 'w.device_id')} and w.generation = devices.generation
      and ${which})`;
  return state === 'open' ? sql<boolean>`not ${known(sql`w.state <> 'open'`)}` : known(sql`w.state = ${state}`);
}

/** Condition on the compliance of the current enrollment. A device without a row has no policy. */
function hasCompliance(lookup: Lookup, state: ComplianceState): RawBuilder<boolean> {
  const known = (which: RawBuilder<unknown>) => sql<boolean>`exists (select 1 from device_compliance c
    where c.device_id = devices.id${andInRange(lookup, 'c.device_id')} and c.generation = devices.generation
      and ${which})`;
  return state === 'no-policy'
    ? sql<boolean>`not ${known(sql`c.state <> 'no-policy'`)}`
    : known(sql`c.state = ${state}`);
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
  const pattern = `%${lowered(text).replace(/[\\%_]/g, '\\$&')}%`;
  const value = (column: string) => (dialect === 'sqlite' ? sql.ref(column) : sql`lower(${sql.ref(column)})`);
  return (column) => sql<boolean>`${value(column)} like ${pattern} escape '\\'`;
}

type DeviceTable =
  | 'device_nexus'
  | 'locations'
  | 'device_presence'
  | 'device_facts'
  | 'device_fact_lists'
  | 'display_names';

/** SQLite is faster with `in (select …)` for many devices. PostgreSQL needs `exists`, because it is slow for `not in (select …)`. */
export const LOOKUPS: Readonly<Record<DialectName, 'list' | 'each'>> = { sqlite: 'list', postgres: 'each' };

/** SQL condition: `table` has a row of the device. */
export function among(
  lookup: Lookup,
  table: DeviceTable,
  which: RawBuilder<unknown>,
  id: RawBuilder<unknown> = sql`devices.id`,
): RawBuilder<boolean> {
  return lookup === 'list'
    ? sql<boolean>`(${id} in (select device_id from ${sql.table(table)} where ${which}))`
    : sql<boolean>`exists (select 1 from ${sql.table(table)}
        where device_id = ${id}${andInRange(lookup, 'device_id')} and ${which})`;
}
