/** Admins' scopes as SQL conditions. `server/devices/scope.ts` has the same rule for single devices. */
import { type RawBuilder, sql } from 'kysely';
import { type HomeArea, subdivisionsIn } from '../../shared/areas/area-code.ts';
import type { Scope } from '../devices/scope.ts';

/** Home area of the device itself. Null if the home area of the device's group applies. */
const OWN_HOME = sql<string | null>`coalesce(devices.stated_home, devices.home)`;

/**
 * Returns the SQL condition for the devices in an admin's scope (groups and home areas that the admin may see). The condition compares only
 * columns of `devices`, so that the database can use an index.
 */
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
 * Returns the SQL condition that a row, such as an activation code, is in an admin's scope. `placed` has the row's group and the home area
 * that applies to the row (its own, otherwise the group's).
 */
export function placedInScope(
  scope: Scope,
  placed: { readonly group: RawBuilder<unknown>; readonly home: RawBuilder<unknown> },
): RawBuilder<boolean> {
  if (scope === null) return sql<boolean>`1 = 1`;
  const parts = scope.map(({ group, homes }) => {
    const ofGroup = group === null ? sql`1 = 1` : sql`${placed.group} = ${group}`;
    return homes === null ? ofGroup : sql`(${ofGroup} and ${homeIn(placed.home, homes)})`;
  });
  return parts.length === 0 ? sql<boolean>`1 = 0` : sql<boolean>`(${sql.join(parts, sql` or `)})`;
}

/**
 * Condition: the home area is one of `homes` or a part of one. A country contains all areas whose ISO 3166-2 codes start with its two
 * letters. The parts of a subdivision are listed one by one.
 */
export function homeIn(home: RawBuilder<unknown>, homes: readonly HomeArea[]): RawBuilder<unknown> {
  const within = homes.flatMap((area) => (area.length === 2 ? area : [area, ...subdivisionsIn(area)]));
  const codes = sql.join(within);
  return sql`(${home} in (${codes}) or substr(${home}, 1, 2) in (${codes}))`;
}
