/** `server/devices/scope.ts` in SQL, for lists. */
import { type RawBuilder, sql } from 'kysely';
import type { Scope } from '../devices/scope.ts';

/** The home that counts: what a statement says, or else the device's own, or else its group's. */
const HOME = sql<string | null>`coalesce(devices.stated_home, devices.home, groups.home)`;

/** A condition on `devices` joined with `groups`. */
export function withinScope(scope: Scope): RawBuilder<boolean> {
  if (scope === null) return sql<boolean>`1 = 1`;
  const parts = scope.map(({ group, homes }) => {
    const ofGroup = group === null ? sql`1 = 1` : sql`devices.group_id = ${group}`;
    if (homes === null) return ofGroup;
    // A country covers its subdivisions: the first two letters of an ISO 3166-2 code are its country's.
    const codes = sql.join([...homes]);
    return sql`(${ofGroup} and (${HOME} in (${codes}) or substr(${HOME}, 1, 2) in (${codes})))`;
  });
  return parts.length === 0 ? sql<boolean>`1 = 0` : sql<boolean>`(${sql.join(parts, sql` or `)})`;
}
