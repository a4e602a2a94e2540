/** Grants of roles, and the devices and areas for which they give a right. */
import type { RoleName } from '../../shared/api/roles.ts';
import { areasOutside, expandAreas, type HomeArea, type OrderArea } from '../../shared/areas/area-code.ts';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { GroupId } from '../../shared/protocol/ids.ts';
import { RIGHT_NAMES, RIGHTS, type Right, type RightName } from './rights.ts';

/**
 * Grant of a role to an account: for the whole installation, a group, an area, or a group within an area. A grant for an area includes the
 * orders of the area and the devices whose home is in the area.
 */
export interface Grant {
  readonly role: RoleName;
  readonly group: GroupId | null;
  readonly area: OrderArea | null;
}

/**
 * Grant of an account. `source`: `provider` if the identity provider's groups gave the role; absent if an owner granted it. `name`: name of
 * a custom role. `rights`: the only rights that the grant gives, for a custom role or for a limited API token; absent if the table decides.
 */
export interface HeldGrant extends Grant {
  readonly source?: 'provider';
  readonly name?: string;
  readonly rights?: readonly RightName[];
}

export interface AccessScope {
  /**
   * Devices to which the right applies: the union of the listed parts. A part contains the devices of `group` whose home is in `homes`;
   * null means any group or any home. Null instead of the list means all devices.
   */
  readonly devices: readonly { readonly group: GroupId | null; readonly homes: readonly HomeArea[] | null }[] | null;
  /** Areas whose orders the caller may access; null for all areas. */
  readonly areas: readonly OrderArea[] | null;
}

const EVERYTHING: AccessScope = { devices: null, areas: null };

/** Devices and areas for which `grants` give the right `name`. Throws `forbidden` if no grant gives the right. */
export function scopeOf(name: RightName, grants: readonly HeldGrant[]): AccessScope {
  const { scope, roles }: Right = RIGHTS[name];
  if (scope === 'public' || scope === 'self') return EVERYTHING;
  const matching = grants.filter((grant) => gives(grant, name));
  const whole = matching.some(({ group, area }) => group === null && area === null);
  if (whole || (scope === 'any' && matching.length > 0)) return EVERYTHING;
  if (scope === 'device' && matching.length > 0) {
    const devices = matching.map(({ group, area }) => ({ group, homes: area && [...expandAreas([area])] }));
    return { devices, areas: [] };
  }
  // An order affects every group in its areas, so a grant for one group gives no right to the order.
  const areas = matching.flatMap(({ group, area }) => (group === null && area !== null ? area : []));
  if (scope === 'areas' && areas.length > 0) return { devices: [], areas };
  const requirement = `${name} requires the role ${roles.join(' or ')}${matching.length > 0 ? ' with another scope than yours' : ''}`;
  throw new CordonError('forbidden', `${requirement}. Ask an owner for it.`, { right: name });
}

const gives = ({ role, rights }: HeldGrant, name: RightName): boolean =>
  rights ? rights.includes(name) : (RIGHTS[name].roles as readonly RoleName[]).includes(role);

/** Grants that give at most the rights `limit`, for an API token that is limited to a custom role. */
export const limitedGrants = (grants: readonly HeldGrant[], limit: readonly RightName[]): HeldGrant[] =>
  grants.map((grant) => ({ ...grant, rights: limit.filter((name) => gives(grant, name)) }));

export function rightsOf(grants: readonly HeldGrant[]): RightName[] {
  return RIGHT_NAMES.filter((name) => isAllowed(() => scopeOf(name, grants)));
}

/** Returns false if `check` throws `forbidden` or `out_of_scope`. Other errors pass through. */
export function isAllowed(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (isCordonError(error, 'forbidden') || isCordonError(error, 'out_of_scope')) return false;
    throw error;
  }
}

/**
 * Throws `out_of_scope` unless the grants include every given area. A grant for `US` includes `US-CA`, and a grant for `EU` includes `FR`.
 * The reverse is not true.
 */
export function requireAreas({ areas: allowed }: AccessScope, areas: readonly OrderArea[]): void {
  if (allowed === null) return;
  const beyond = areasOutside(allowed, areas);
  if (beyond.length === 0) return;
  throw new CordonError('out_of_scope', `Your role does not include ${beyond.join(', ')}.`, { areas: beyond });
}
