/** Admins' scopes as SQL conditions. `server/devices/scope.ts` has the same rule for single devices. */
import { type RawBuilder, sql } from 'kysely';
import { type HomeArea, subdivisionsIn } from '../../shared/areas/area-code.ts';
import type { GroupId } from '../../shared/protocol/ids.ts';
import type { Scope } from '../devices/scope.ts';
import { andInRange, type Lookup } from './device-range.ts';

/** Home area of the device itself. Null if the home area of the device's group applies. */
const OWN_HOME = sql<string | null>`coalesce(devices.stated_home, devices.home)`;

/**
 * Returns the SQL condition for the devices in an admin's scope (groups and home areas that the admin may see). Besides columns of `devices`,
 * the condition compares only the list of a group's members. `lookup`: how the database reads this list.
 */
export function withinScope(scope: Scope, lookup: Lookup = 'list'): RawBuilder<boolean> {
  if (scope === null) return sql<boolean>`1 = 1`;
  const parts = scope.map(({ group, homes }) => {
    const ofGroup = group === null ? sql`1 = 1` : isScopeMember(group, lookup);
    if (homes === null) return ofGroup;
    const byGroup = sql`select id from groups where ${homeIn(sql`groups.home`, homes)}`;
    return sql`(${ofGroup} and (${homeIn(OWN_HOME, homes)} or (${OWN_HOME} is null and devices.group_id in (${byGroup}))))`;
  });
  return parts.length === 0 ? sql<boolean>`1 = 0` : sql<boolean>`(${sql.join(parts, sql` or `)})`;
}

/** Condition: the device is a member of the group, whether primary, static or dynamic. */
export const isMember = (group: GroupId, lookup: Lookup = 'list'): RawBuilder<boolean> =>
  lookup === 'list'
    ? sql<boolean>`(devices.group_id = ${group} or devices.id in (select device_id from group_members where group_id = ${group}))`
    : sql<boolean>`(devices.group_id = ${group}
        or exists (select 1 from group_members
          where group_id = ${group} and device_id = devices.id${andInRange(lookup, 'device_id')}))`;

/** Condition: the device is a member of the group, and the group counts for scopes. A dynamic group counts only if an owner trusts it. */
function isScopeMember(group: GroupId, lookup: Lookup): RawBuilder<boolean> {
  const counting = sql`groups g cross join group_members m
    where g.id = ${group} and (g.expression is null or g.trusted = 1) and m.group_id = g.id`;
  return lookup === 'list'
    ? sql<boolean>`(devices.group_id = ${group} or devices.id in (select m.device_id from ${counting}))`
    : sql<boolean>`(devices.group_id = ${group} or exists (select 1 from ${counting}
        and m.device_id = devices.id${andInRange(lookup, 'm.device_id')}))`;
}

/**
 * Ids of the groups beside the primary group that count for scopes, joined with spaces. For queries that read `devices`. The rule equals
 * that of `isScopeMember`.
 */
export const SCOPE_GROUPS = sql<string | null>`(select string_agg(m.group_id, ' ') from group_members m
  inner join groups g on g.id = m.group_id where m.device_id = devices.id and (g.expression is null or g.trusted = 1))`;

export const scopeGroupsOf = (primary: string, others: string | null): readonly string[] =>
  others === null ? [primary] : [primary, ...others.split(' ')];

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
