/** `server/devices/scope.ts` in SQL, for lists. */
import { type RawBuilder, sql } from 'kysely';
import { type AreaCode, subdivisionsOf } from '../../shared/areas/area-code.ts';
import type { Scope } from '../devices/scope.ts';

/** What a statement says, or else the device's own. Without either its group's counts. */
const OWN_HOME = sql<string | null>`coalesce(devices.stated_home, devices.home)`;

/** A condition on `devices` alone, so that an index can answer it. */
export function withinScope(scope: Scope): RawBuilder<boolean> {
  if (scope === null) return sql<boolean>`1 = 1`;
  const parts = scope.map(({ group, homes }) => {
    const ofGroup = group === null ? sql`1 = 1` : sql`devices.group_id = ${group}`;
    if (homes === null) return ofGroup;
    const byGroup = sql`select id from groups where ${homeIn(sql`groups.home`, homes)}`;
    return sql`(${ofGroup} and (${homeIn(OWN_HOME, homes)} or (${OWN_HOME} is null and devices.group_id in (${byGroup}))))`;
  });
  return parts.length === 0 ? sql<boolean>`1 = 0` : sql<boolean>`(${sql.join(parts, sql` or `)})`;
}

/**
 * A country covers its subdivisions: the first two letters of an ISO 3166-2 code are its country's. A larger subdivision covers those within it, which are
 * named one by one.
 */
export function homeIn(home: RawBuilder<unknown>, homes: readonly AreaCode[]): RawBuilder<unknown> {
  const within = homes.flatMap((area) => (area.length === 2 ? area : [area, ...subdivisionsOf(area)]));
  const codes = sql.join(within);
  return sql`(${home} in (${codes}) or substr(${home}, 1, 2) in (${codes}))`;
}
