/**
 * Scope of an admin: the devices that the admin may see. The functions are pure. `server/store/device-scope.ts` has the same rule in SQL,
 * and one test suite covers both files.
 */
import { type HomeArea, withParents } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import type { GroupId } from '../../shared/protocol/ids.ts';

/**
 * Part of a scope: the devices of one group, the devices whose home is in one of `homes`, or the devices that meet both conditions. `homes`
 * contains no country groups, only their countries.
 */
export interface ScopePart {
  readonly group: GroupId | null;
  readonly homes: readonly HomeArea[] | null;
}

/** Scope of an admin: a device is in the scope if it is in at least one part. Null: every device is in the scope. */
export type Scope = readonly ScopePart[] | null;

/**
 * Groups and effective home of a device, or of the future device of an activation code. `groups`: primary group, static groups and trusted
 * dynamic groups. Other dynamic groups never count, because a device could enter an admin's scope, or leave it, by its own claims.
 */
export interface Placed {
  readonly groups: readonly string[];
  readonly home: HomeArea | null;
}

/** Returns the groups that would count for scopes if the device had another primary group. */
export const groupsWith = (
  primary: string,
  { group, scopeGroups }: { readonly group: { readonly id: string }; readonly scopeGroups: readonly string[] },
): readonly string[] => [primary, ...scopeGroups.filter((id) => id !== group.id)];

export function inScope(scope: Scope, { groups, home }: Placed): boolean {
  if (scope === null) return true;
  return scope.some((part) => (part.group === null || groups.includes(part.group)) && isHomeIn(part.homes, home));
}

/**
 * Checks whether an admin's scope includes a group. At least one part of the scope must match. A part matches if it names the group. A part
 * without a group matches if it covers the home area that the group gives its devices.
 */
export function groupInScope(
  scope: Scope,
  { id, home }: { readonly id: string; readonly home: HomeArea | null },
): boolean {
  return scope === null || scope.some((part) => (part.group === null ? isHomeIn(part.homes, home) : part.group === id));
}

export function requireInScope(scope: Scope, placed: Placed): void {
  if (inScope(scope, placed)) return;
  const { groups, home } = placed;
  const [group] = groups;
  throw new CordonError(
    'out_of_scope',
    `Your role does not include group ${group ?? 'unset'} with the home ${home ?? 'unset'}.`,
    {
      group,
      home,
    },
  );
}

function isHomeIn(homes: readonly HomeArea[] | null, home: HomeArea | null): boolean {
  return homes === null || (home !== null && withParents(home).some((whole) => homes.includes(whole)));
}
