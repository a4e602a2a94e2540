/**
 * Devices sorted by the time of their last contact, read in this order from an index of `device_presence`. The list has two parts: devices
 * without a contact, sorted by id, and all others. No index contains both parts, so each part needs its own query.
 */
import { type RawBuilder, sql } from 'kysely';
import type { DeviceQuery, Selection } from '../devices/ports.ts';
import type { Database } from './database.ts';

type Window = Pick<DeviceQuery, 'descending' | 'after' | 'offset' | 'limit'>;

const INACTIVE = sql`devices.status in ('revoked', 'unenrolled')`;

/** True for a list of all devices, or of all active devices. Other filters and scopes need columns outside the index. */
export function isWholeFleet({ filter, scope }: Pick<Selection, 'filter' | 'scope'>): boolean {
  const { status, text, ...others } = filter;
  const filtered = Object.values(others).some((value) => value !== undefined);
  return scope === null && !filtered && !text && (status === undefined || status === 'active');
}

/** Number of devices. SQLite counts all rows of a table without reading them, and then reads only the few inactive devices. */
export const countWholeFleet = (active: boolean): RawBuilder<{ total: number }> =>
  active
    ? sql`select (select count(*) from devices) - (select count(*) from devices where ${INACTIVE}) as total`
    : sql`select count(*) as total from devices`;

/** Ids of one page of a list for which `isWholeFleet` is true. `total`: number of devices on all pages. */
export async function idsByLastSeen(database: Database, query: DeviceQuery, total: number): Promise<string[]> {
  const { filter, after, descending } = query;
  const active = filter.status === 'active';
  const seen = await countSeen(database, active);
  const sizes = { unseen: total - seen, seen };
  const [first, second] = descending ? (['seen', 'unseen'] as const) : (['unseen', 'seen'] as const);
  const current = after === null ? null : after.value === 0 ? 'unseen' : 'seen';
  const ids: string[] = [];
  let { offset } = query;
  for (const part of current === second ? [second] : [first, second]) {
    const limit = query.limit - ids.length;
    if (limit > 0 && offset < sizes[part]) {
      const window = { descending, after: part === current ? after : null, offset, limit };
      ids.push(...(await PARTS[part](database, active, window)));
    }
    offset = Math.max(0, offset - sizes[part]);
  }
  return ids;
}

/**
 * Number of devices that have contacted the server at least once. SQLite counts an index without reading it, so the few inactive devices
 * are counted separately.
 */
async function countSeen({ db }: Database, active: boolean): Promise<number> {
  const { rows } = await sql<{ all: number; inactive: number }>`
    select (select count(*) from device_presence where last_seen_at > 0) as "all",
      (select count(*) from devices cross join device_presence p
        where ${INACTIVE} and p.device_id = devices.id and p.last_seen_at > 0) as inactive`.execute(db);
  const { all = 0, inactive = 0 } = rows[0] ?? {};
  return active ? all - inactive : all;
}

async function seenIds({ db, dialect }: Database, active: boolean, window: Window): Promise<string[]> {
  // On SQLite, each device is looked up in the short list of inactive devices. On PostgreSQL, this would be slow if the list did not fit
  // into memory.
  const isActive =
    dialect === 'sqlite'
      ? sql`device_id not in (select id from devices where ${INACTIVE})`
      : sql`not exists (select 1 from devices where devices.id = device_id and ${INACTIVE})`;
  const { rows } = await sql<{ id: string }>`select device_id as id from device_presence
    where last_seen_at > 0 and ${active ? isActive : sql`1 = 1`}
      ${page(['last_seen_at', 'device_id'], window)}`.execute(db);
  return rows.map(({ id }) => id);
}

async function unseenIds({ db }: Database, active: boolean, window: Window): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select id from devices
    where ${active ? sql`status = 'active'` : sql`1 = 1`}
      and not exists (select 1 from device_presence p where p.device_id = devices.id and p.last_seen_at > 0)
      ${page(['id'], window)}`.execute(db);
  return rows.map(({ id }) => id);
}

const PARTS = { unseen: unseenIds, seen: seenIds };

function page(columns: readonly string[], { descending, after, offset, limit }: Window): RawBuilder<unknown> {
  const direction = sql.raw(descending ? 'desc' : 'asc');
  const past = sql.raw(descending ? '<' : '>');
  const names = columns.map((column) => sql.ref(column));
  const values = columns.length === 1 ? [after?.id] : [after?.value, after?.id];
  const beyond = after ? sql`and (${sql.join(names)}) ${past} (${sql.join(values)})` : sql``;
  const order = sql.join(names.map((name) => sql`${name} ${direction}`));
  return sql`${beyond} order by ${order} limit ${limit} offset ${offset}`;
}
