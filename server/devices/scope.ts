/** Which devices somebody may see. Pure; `server/store/device-scope.ts` says the same in SQL, and one suite holds both to it. */
import { type AreaCode, withParents } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import type { GroupId } from '../../shared/protocol/ids.ts';

/** Devices of one group, or with their home in these areas (groups of countries expanded), or both at once. */
export interface ScopePart {
  readonly group: GroupId | null;
  readonly homes: readonly AreaCode[] | null;
}

/** Whatever any part reaches; null: every device. */
export type Scope = readonly ScopePart[] | null;

/** A device, or an activation code that is to become one, with the home that counts for it. */
export interface Placed {
  readonly group: string;
  readonly home: AreaCode | null;
}

export function inScope(scope: Scope, { group, home }: Placed): boolean {
  if (scope === null) return true;
  return scope.some((part) => (part.group === null || part.group === group) && isHomeIn(part.homes, home));
}

/** Whether somebody may know of a group: it is theirs, or its devices' home is. */
export function groupInScope(
  scope: Scope,
  { id, home }: { readonly id: string; readonly home: AreaCode | null },
): boolean {
  return scope === null || scope.some((part) => (part.group === null ? isHomeIn(part.homes, home) : part.group === id));
}

/** Throws `out_of_scope`. */
export function requireInScope(scope: Scope, placed: Placed): void {
  if (inScope(scope, placed)) return;
  const { group, home } = placed;
  throw new CordonError('out_of_scope', `Your role does not reach group ${group} with the home ${home ?? 'unset'}.`, {
    group,
    home,
  });
}

function isHomeIn(homes: readonly AreaCode[] | null, home: AreaCode | null): boolean {
  return homes === null || (home !== null && withParents(home).some((whole) => homes.includes(whole)));
}
