/**
 * Steps of a search through all devices. Each step reads the devices of one range of ids. A condition on another table repeats the range for
 * that table: otherwise PostgreSQL plans a hash join in each step, which reads the whole table.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { type RawBuilder, sql } from 'kysely';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { Database } from './database.ts';

export interface DeviceRange {
  /** Id before the first device of the range. */
  readonly after: string;
  /** Id of the last device; null if no later device exists. */
  readonly upTo: string | null;
}

/**
 * Ways to look up devices in another table: `list` reads all matching devices at once, `each` looks up each device separately, and a range
 * reads the matching devices of one step.
 */
export type Lookup = 'list' | 'each' | DeviceRange;

export const inRange = ({ after, upTo }: DeviceRange, id: RawBuilder<unknown>): RawBuilder<boolean> =>
  upTo === null ? sql<boolean>`${id} > ${after}` : sql<boolean>`(${id} > ${after} and ${id} <= ${upTo})`;

/** Addition to a condition on another table, which limits the table's column `id` to the range of the step. Empty without a range. */
export const andInRange = (lookup: Lookup, id: string): RawBuilder<unknown> =>
  typeof lookup === 'string' ? sql`` : sql` and ${inRange(lookup, sql.ref(id))}`;

/** Ranges that together contain all devices after `start`, each with at most `size` devices. Other work runs between two ranges. */
export async function* deviceRanges({ db }: Database, size: number, start = ''): AsyncGenerator<DeviceRange> {
  for (let after = start; ; await turn()) {
    const { rows } = await sql<{ id: string }>`select id from devices where id > ${after}
      order by id limit 1 offset ${size - 1}`.execute(db);
    const upTo = rows[0]?.id ?? null;
    yield { after, upTo };
    if (upTo === null) return;
    after = upTo;
  }
}

/** Next devices after `after` that meet the condition, sorted by id: exactly `limit`, or fewer if no others exist. */
export async function devicesAfter(
  database: Database,
  { after, limit }: { readonly after: string; readonly limit: number },
  condition: (lookup: Lookup) => RawBuilder<unknown>,
): Promise<DeviceId[]> {
  const found: DeviceId[] = [];
  for await (const range of deviceRanges(database, limit, after)) {
    const { rows } = await sql<{ id: string }>`select devices.id from devices
      where ${inRange(range, sql`devices.id`)} and (${condition(range)}) is true
      order by devices.id limit ${limit - found.length}`.execute(database.db);
    found.push(...rows.map(({ id }) => deviceIdSchema.parse(id)));
    if (found.length >= limit) break;
  }
  return found;
}
