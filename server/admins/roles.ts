/**
 * Who may do what: one table, every route of the API named in it once. The API mounts a route only under a name that stands here, so
 * a route without rights does not compile. What a grant's scope (groups, areas) means is decided here too, and nowhere else.
 */
import type { AreaCode } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import type { GroupId } from '../../shared/protocol/ids.ts';

export const ROLES = ['owner', 'fleet', 'helpdesk', 'legal', 'auditor'] as const;
export type Role = (typeof ROLES)[number];

/** A role, perhaps for one group or for devices and orders of one area only. */
export interface Grant {
  readonly role: Role;
  readonly group: GroupId | null;
  readonly area: AreaCode | null;
}

/**
 * public: nobody need be signed in. self: whoever is signed in, about themselves. any: a grant of these roles, whatever its scope.
 * whole: a grant without a scope. device: the grant's scope limits which devices, codes and groups are reached. areas: the grant's area
 * limits which orders.
 */
export type Scope = 'public' | 'self' | 'any' | 'whole' | 'device' | 'areas';

interface Right {
  readonly scope: Scope;
  readonly roles: readonly Role[];
}

const EVERYONE = ROLES;
const right = (scope: Scope, ...roles: readonly Role[]): Right => ({ scope, roles });

export const RIGHTS = {
  'health.live': right('public'),
  'health.ready': right('public'),
  'health.show': right('any', ...EVERYONE),
  'openapi.show': right('public'),

  'session.create': right('public'),
  'session.show': right('self'),
  'session.delete': right('self'),
  'invitations.redeem': right('public'),
  'tokens.list': right('self'),
  'tokens.create': right('self'),
  'tokens.delete': right('self'),

  'accounts.list': right('whole', 'owner', 'auditor'),
  'accounts.create': right('whole', 'owner'),
  'accounts.update': right('whole', 'owner'),
  'accounts.invite': right('whole', 'owner'),
  'grants.create': right('whole', 'owner'),
  'grants.delete': right('whole', 'owner'),

  'approver-keys.list': right('any', 'owner', 'legal', 'auditor'),
  'approver-keys.register': right('any', 'owner', 'legal'),
  'approvers.show': right('any', ...EVERYONE),
  'approvers.propose': right('whole', 'owner', 'legal'),
  'approvers.sign': right('any', 'owner', 'legal'),

  'groups.list': right('device', ...EVERYONE),
  'groups.create': right('whole', 'owner', 'fleet'),
  'codes.create': right('device', 'owner', 'fleet', 'helpdesk'),
  'codes.list': right('device', 'owner', 'fleet', 'helpdesk', 'auditor'),
  'codes.cancel': right('device', 'owner', 'fleet', 'helpdesk'),

  'devices.list': right('device', ...EVERYONE),
  'devices.show': right('device', ...EVERYONE),
  'devices.update': right('device', 'owner', 'fleet'),
  'devices.verdict': right('device', ...EVERYONE),
  'devices.evidence': right('device', 'owner', 'fleet', 'legal', 'auditor'),
  'devices.revoke': right('device', 'owner', 'fleet'),
  'commands.issue': right('device', 'owner', 'fleet', 'helpdesk'),
  /** Not a route: what `commands.issue` asks for besides, when the command destroys something. */
  'commands.destroy': right('device', 'owner', 'fleet'),
  'commands.list': right('device', ...EVERYONE),
  'commands.show': right('device', ...EVERYONE),
  'commands.cancel': right('device', 'owner', 'fleet', 'helpdesk'),
  'alarms.list': right('device', ...EVERYONE),

  'orders.list': right('any', ...EVERYONE),
  'orders.show': right('any', ...EVERYONE),
  'orders.revision': right('any', ...EVERYONE),
  'orders.propose': right('areas', 'owner', 'legal'),
  'orders.act': right('areas', 'owner', 'legal'),
  'orders.approve': right('areas', 'owner', 'legal'),
  'orders.affected': right('areas', 'owner', 'fleet', 'legal', 'auditor'),
  'orders.receipts': right('areas', 'owner', 'fleet', 'legal', 'auditor'),

  'ledger.checkpoint': right('any', ...EVERYONE),
  'ledger.leaves': right('any', ...EVERYONE),
  'ip-databases.list': right('any', 'owner', 'fleet', 'legal', 'auditor'),
  'ip-databases.import': right('whole', 'owner', 'fleet'),
  'ip-databases.activate': right('whole', 'owner', 'fleet'),
  'backup.create': right('whole', 'owner'),
} as const satisfies Record<string, Right>;

export type RightName = keyof typeof RIGHTS;
export type RouteName = Exclude<RightName, 'commands.destroy'>;

/** Where a device, a code or a group stands, as far as a grant's scope is concerned. */
export interface Place {
  readonly group: string;
  readonly home: string | null;
}

/** What the caller's grants let one right reach. */
export interface Reach {
  /** True when nothing limits it: lists need no filter. */
  readonly everything: boolean;
  covers(place: Place): boolean;
  /** `areas`: whether one may decide about an order in all of these. */
  coversAreas(areas: readonly string[]): boolean;
  /** For lists: the grants' limits, any of which lets a device through. Empty when `everything`. */
  readonly limits: readonly { readonly group: string | null; readonly area: string | null }[];
}

/** `US` contains `US` and `US-CA`; `US-CA` does not contain `US`. */
const contains = (outer: string, inner: string): boolean => inner === outer || inner.startsWith(`${outer}-`);

/** Decides whether `grants` give `name` at all, and how far; throws `forbidden` when they do not. */
export function reachOf(name: RightName, grants: readonly Grant[]): Reach {
  const { scope, roles }: Right = RIGHTS[name];
  if (scope === 'public' || scope === 'self') return reach([{ group: null, area: null }]);
  const held = grants.filter((grant) => roles.includes(grant.role));
  const useful = held.filter(({ group, area }) => {
    if (scope === 'whole') return group === null && area === null;
    // An order is about areas, not about groups: a grant for one group says nothing about it.
    if (scope === 'areas') return group === null;
    return true;
  });
  if (useful.length === 0) {
    const wanted = `${name} takes the role ${roles.join(' or ')}${held.length > 0 ? ' without a scope' : ''}`;
    throw new CordonError('forbidden', `${wanted}; ask an owner for it.`, { right: name });
  }
  return reach(scope === 'any' ? [{ group: null, area: null }] : useful);
}

function reach(limits: readonly { readonly group: string | null; readonly area: string | null }[]): Reach {
  const everything = limits.some(({ group, area }) => group === null && area === null);
  return {
    everything,
    limits: everything ? [] : limits.map(({ group, area }) => ({ group, area })),
    covers: ({ group, home }) =>
      limits.some(
        (limit) =>
          (limit.group === null || limit.group === group) &&
          (limit.area === null || (home !== null && contains(limit.area, home))),
      ),
    coversAreas: (areas) =>
      areas.every((area) =>
        limits.some((limit) => limit.group === null && (limit.area === null || contains(limit.area, area))),
      ),
  };
}

/** Throws `out_of_scope` unless the place is reached. */
export function requireCovered(reach: Reach, place: Place, what: string): void {
  if (reach.covers(place)) return;
  throw new CordonError('out_of_scope', `${what} is outside the groups and areas that your role is for.`);
}

export function requireAreas(reach: Reach, areas: readonly string[], what: string): void {
  if (reach.coversAreas(areas)) return;
  throw new CordonError('out_of_scope', `${what} is outside the areas that your role is for.`, { areas });
}
