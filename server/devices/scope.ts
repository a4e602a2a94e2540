/**
 * Devices that an admin may see. The functions are pure. `server/store/device-scope.ts` has the same rule in SQL, and one test suite covers
 * both files.
 */
import { type HomeArea, withParents } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import type { GroupId } from '../../shared/protocol/ids.ts';

/** Part of a scope: devices of one group, or with a home in these areas (country groups expanded), or both. */
export interface ScopePart {
  readonly group: GroupId | null;
  readonly homes: readonly HomeArea[] | null;
}

/** Scope of an admin: the union of its parts; null for every device. */
export type Scope = readonly ScopePart[] | null;

/** Device, or future device of an activation code, with its effective home. */
export interface Placed {
  readonly group: string;
  readonly home: HomeArea | null;
}

export function inScope(scope: Scope, { group, home }: Placed): boolean {
  if (scope === null) return true;
  return scope.some((part) => (part.group === null || part.group === group) && isHomeIn(part.homes, home));
}

/** True for a group that is in the scope or that has devices with a home in the scope. */
export function groupInScope(
  scope: Scope,
  { id, home }: { readonly id: string; readonly home: HomeArea | null },
): boolean {
  return scope === null || scope.some((part) => (part.group === null ? isHomeIn(part.homes, home) : part.group === id));
}

/** Throws `out_of_scope` if the scope does not contain the device. */
export function requireInScope(scope: Scope, placed: Placed): void {
  if (inScope(scope, placed)) return;
  const { group, home } = placed;
  throw new CordonError('out_of_scope', `Your role does not reach group ${group} with the home ${home ?? 'unset'}.`, {
    group,
    home,
  });
}

function isHomeIn(homes: readonly HomeArea[] | null, home: HomeArea | null): boolean {
  return homes === null || (home !== null && withParents(home).some((whole) => homes.includes(whole)));
}
