/**
 * Rights of the roles: one table that names every route of the API once. The API mounts a route only under a name in this table, so a route
 * without rights does not compile. The scope of a grant (groups, areas) is also decided only here.
 */
import { ROLES, type Role } from '../../shared/api/roles.ts';
import { areasBeyond, expandAreas, type HomeArea, type OrderArea } from '../../shared/areas/area-code.ts';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { GroupId } from '../../shared/protocol/ids.ts';

/**
 * A role for the whole installation, for one group, for one area, or for a group and an area together. An area contains its orders, and the
 * devices with a home in the area.
 */
export interface Grant {
  readonly role: Role;
  readonly group: GroupId | null;
  readonly area: OrderArea | null;
}

/**
 * public: no sign-in. self: every signed-in account, about itself. any: a grant of these roles with any scope. whole: a grant without a
 * scope. device: the grant limits the devices, codes and groups to those of its group with their home in its area. areas: the grant's area
 * limits the orders and named areas; a grant for one group gives none of these rights.
 */
export type Scope = 'public' | 'self' | 'any' | 'whole' | 'device' | 'areas';

interface Right {
  readonly scope: Scope;
  readonly roles: readonly Role[];
}

/** `backup` is for a scheduled job: it can create a backup and read nothing else. */
const EVERYONE = ROLES.filter((role) => role !== 'backup');
const right = (scope: Scope, ...roles: readonly Role[]): Right => ({ scope, roles });

export const RIGHTS = {
  'health.live': right('public'),
  'health.ready': right('public'),
  /** Counts without names, on a listener for the operator's own monitoring. */
  'metrics.show': right('public'),
  'health.show': right('any', ...EVERYONE),
  'openapi.show': right('public'),
  'installation.show': right('any', ...EVERYONE),
  'overview.show': right('device', ...EVERYONE),

  'session.create': right('public'),
  'session.show': right('self'),
  'session.delete': right('self'),
  'invitations.redeem': right('public'),
  /** A new authenticator code within a session. */
  'session.step-up': right('self'),
  /** Rights to the caller's own sessions and tokens. */
  'sessions.list': right('self'),
  'sessions.delete': right('self'),
  'tokens.list': right('self'),
  'tokens.create': right('self'),
  'tokens.delete': right('self'),
  /** Verification of the caller's own e-mail address. */
  'address.send-link': right('self'),
  'address.verify': right('self'),

  'accounts.list': right('whole', 'owner', 'auditor'),
  'accounts.create': right('whole', 'owner'),
  'accounts.update': right('whole', 'owner'),
  'accounts.invite': right('whole', 'owner'),
  /** Sessions and tokens of every account. */
  'access.list': right('whole', 'owner', 'auditor'),
  'access.end-session': right('whole', 'owner'),
  'access.end-token': right('whole', 'owner'),
  'access.end-account': right('whole', 'owner'),
  'grants.create': right('whole', 'owner'),
  'grants.delete': right('whole', 'owner'),

  /** The list contains the actions that the caller proposed or may decide. Each action's own right limits it further. */
  'actions.list': right('any', 'owner', 'fleet', 'helpdesk', 'legal'),
  'actions.show': right('any', 'owner', 'fleet', 'helpdesk', 'legal'),
  'actions.confirm': right('any', 'owner', 'fleet', 'helpdesk', 'legal'),
  'actions.decline': right('any', 'owner', 'fleet', 'helpdesk', 'legal'),

  'approver-keys.list': right('any', 'owner', 'legal', 'auditor'),
  'approver-keys.register': right('any', 'owner', 'legal'),
  'approvers.show': right('any', ...EVERYONE),
  'approvers.propose': right('whole', 'owner', 'legal'),
  'approvers.sign': right('any', 'owner', 'legal'),

  'time-corrections.list': right('any', ...EVERYONE),
  'time-corrections.publish': right('whole', 'owner', 'legal'),

  'groups.list': right('device', ...EVERYONE),
  'groups.create': right('whole', 'owner', 'fleet'),
  'groups.update': right('whole', 'owner', 'fleet'),
  'groups.delete': right('whole', 'owner', 'fleet'),
  'people.list': right('device', ...EVERYONE),
  'people.show': right('device', ...EVERYONE),
  'people.create': right('device', 'owner', 'fleet', 'helpdesk'),
  'people.update': right('device', 'owner', 'fleet'),
  'codes.create': right('device', 'owner', 'fleet', 'helpdesk'),
  'codes.list': right('device', 'owner', 'fleet', 'helpdesk', 'auditor'),
  'codes.cancel': right('device', 'owner', 'fleet', 'helpdesk'),

  'devices.names': right('device', ...EVERYONE),
  'devices.list': right('device', ...EVERYONE),
  'devices.show': right('device', ...EVERYONE),
  'devices.update': right('device', 'owner', 'fleet'),
  'devices.verdict': right('device', ...EVERYONE),
  'devices.evidence': right('device', 'owner', 'fleet', 'legal', 'auditor'),
  'devices.explain': right('device', 'owner', 'fleet', 'legal', 'auditor'),
  'devices.certificates': right('device', ...EVERYONE),
  'devices.receipts': right('device', 'owner', 'fleet', 'legal', 'auditor'),
  'devices.revoke': right('device', 'owner', 'fleet'),
  'messaging-keys.list': right('device', 'owner', 'fleet'),
  'messaging-keys.countersign': right('device', 'owner', 'fleet'),
  'commands.issue': right('device', 'owner', 'fleet', 'helpdesk'),
  'commands.issue-many': right('device', 'owner', 'fleet', 'helpdesk'),
  /** Not a route: an additional right for commands that destroy data. */
  'commands.destroy': right('device', 'owner', 'fleet'),
  'commands.list': right('device', ...EVERYONE),
  'commands.show': right('device', ...EVERYONE),
  'commands.requests': right('device', ...EVERYONE),
  'commands.progress': right('device', ...EVERYONE),
  'commands.cancel': right('device', 'owner', 'fleet', 'helpdesk'),
  'alerts.list': right('device', ...EVERYONE),
  'alerts.acknowledge': right('device', 'owner', 'fleet', 'helpdesk'),
  /** Event stream, which names only topics. A subscriber reads the data with its own rights. */
  'events.listen': right('self'),

  'orders.list': right('any', ...EVERYONE),
  'orders.show': right('any', ...EVERYONE),
  'orders.revision': right('any', ...EVERYONE),
  'orders.propose': right('areas', 'owner', 'legal'),
  'orders.act': right('areas', 'owner', 'legal'),
  'orders.approve': right('areas', 'owner', 'legal'),
  'orders.record': right('areas', 'owner', 'legal'),
  'orders.retract': right('areas', 'owner', 'legal'),
  'orders.decline': right('areas', 'owner', 'legal'),
  'orders.confirm-replacement': right('areas', 'owner', 'legal'),
  /** Not a route: the legal basis of a withheld order (ADR 43). The order's proposer and approvers read it without this right. */
  'orders.read-withheld': right('areas', 'owner', 'legal'),
  'orders.readings': right('areas', 'owner', 'legal', 'auditor'),
  'orders.affected': right('areas', 'owner', 'fleet', 'legal', 'auditor'),
  'orders.exemptions': right('areas', 'owner', 'fleet', 'legal', 'auditor'),
  'orders.statements': right('areas', 'owner', 'fleet', 'legal', 'auditor'),
  'orders.receipts': right('areas', 'owner', 'fleet', 'legal', 'auditor'),
  /** The document belongs to no order yet, so its areas cannot be checked. A role that cannot propose orders cannot upload. */
  'order-documents.upload': right('areas', 'owner', 'legal'),
  'order-documents.read': right('areas', 'owner', 'legal'),
  'orders.decision': right('areas', 'owner', 'legal', 'auditor'),
  'orders.pack': right('areas', 'owner', 'legal', 'auditor'),
  'orders.packs': right('areas', 'owner', 'legal', 'auditor'),
  'orders.pack-names': right('areas', 'owner', 'legal'),
  'orders.preview': right('areas', 'owner', 'legal'),
  'orders.impact': right('areas', 'owner', 'fleet', 'legal', 'auditor'),
  'orders.impact-csv': right('areas', 'owner', 'fleet', 'legal', 'auditor'),
  'orders.impact-names': right('areas', 'owner', 'legal'),
  'orders.warnings': right('areas', 'owner', 'fleet', 'legal', 'auditor'),
  'orders.rollout': right('areas', 'owner', 'fleet', 'legal', 'auditor'),
  'orders.exit': right('areas', 'owner', 'fleet', 'legal', 'auditor'),

  /** A legal hold concerns the whole organization: a hold on a user covers devices of every group. */
  'legal-holds.list': right('whole', 'owner', 'legal', 'auditor'),
  'legal-holds.place': right('whole', 'owner', 'legal'),
  'legal-holds.release': right('whole', 'owner', 'legal'),

  'ledger.checkpoint': right('any', ...EVERYONE),
  'ledger.entries': right('any', ...EVERYONE),
  'ledger.inclusion': right('any', ...EVERYONE),
  'ledger.consistency': right('any', ...EVERYONE),
  'areas.list': right('any', ...EVERYONE),
  /**
   * Orders may name groups of countries and polygons. A limited role changes one only if the role reaches all its countries, before and
   * after.
   */
  'areas.define': right('areas', 'owner', 'legal'),
  'areas.import': right('areas', 'owner', 'legal'),
  'areas.remove': right('areas', 'owner', 'legal'),
  /** Territory policies are only defaults for new orders. The proposer of an order takes responsibility for its terms. */
  'territory-policies.list': right('any', ...EVERYONE),
  'territory-policies.import': right('whole', 'owner', 'legal'),
  'territory-policies.compare': right('whole', 'owner', 'fleet', 'legal', 'auditor'),
  'territory-policies.rollback': right('whole', 'owner', 'legal'),
  'territory-policies.activate': right('whole', 'owner', 'legal'),
  'ip-databases.list': right('any', 'owner', 'fleet', 'legal', 'auditor'),
  'ip-databases.import': right('whole', 'owner', 'fleet'),
  'ip-databases.compare': right('whole', 'owner', 'fleet', 'legal', 'auditor'),
  'ip-databases.rollback': right('whole', 'owner', 'fleet'),
  'ip-databases.activate': right('whole', 'owner', 'fleet'),
  'recovery.show': right('whole', 'owner', 'fleet', 'legal', 'auditor'),
  'recovery.readmit': right('whole', 'owner', 'fleet'),
  'recovery.reject': right('whole', 'owner', 'fleet'),
  'recovery.resume-ledger': right('whole', 'owner'),
  /** Approvers may have any role, and each sees the revisions to sign. */
  'recovery.continuations': right('any', ...EVERYONE),
  'recovery.continue-ledger': right('whole', 'owner'),
  'recovery.sign-continuation': right('any', 'owner', 'legal'),
  'recovery.close': right('whole', 'owner'),
  'backup.create': right('whole', 'owner', 'backup'),
  /** Not a route: the right to choose another backup recipient than the configured one. */
  'backup.export': right('whole', 'owner'),

  /** Demo routes. `npm run demo` is the only program that has these routes. */
  'demo.show': right('self'),
  'demo.jump': right('self'),
  'demo.message': right('self'),
  'demo.session': right('public'),
} as const satisfies Record<string, Right>;

export type RightName = keyof typeof RIGHTS;
const RIGHT_NAMES = Object.keys(RIGHTS) as RightName[];
export type RouteName = Exclude<RightName, 'commands.destroy' | 'backup.export' | 'orders.read-withheld'>;

/** Part of the installation that one right of the caller covers. */
export interface Reach {
  /** Devices of the group with a home in one of `homes`, for any part; null: all devices. */
  readonly devices: readonly { readonly group: GroupId | null; readonly homes: readonly HomeArea[] | null }[] | null;
  /** Areas of the reachable orders; null: all areas. */
  readonly areas: readonly OrderArea[] | null;
}

const EVERYTHING: Reach = { devices: null, areas: null };

/** The reach that `grants` give to `name`. Throws `forbidden` when they give none. */
export function reachOf(name: RightName, grants: readonly Grant[]): Reach {
  const { scope, roles }: Right = RIGHTS[name];
  if (scope === 'public' || scope === 'self') return EVERYTHING;
  const held = grants.filter((grant) => roles.includes(grant.role));
  const whole = held.some(({ group, area }) => group === null && area === null);
  if (whole || (scope === 'any' && held.length > 0)) return EVERYTHING;
  if (scope === 'device' && held.length > 0) {
    const devices = held.map(({ group, area }) => ({ group, homes: area && [...expandAreas([area])] }));
    return { devices, areas: [] };
  }
  // An order affects every group in its areas, so a grant for one group does not reach the order.
  const areas = held.flatMap(({ group, area }) => (group === null && area !== null ? area : []));
  if (scope === 'areas' && areas.length > 0) return { devices: [], areas };
  const wanted = `${name} requires the role ${roles.join(' or ')}${held.length > 0 ? ' with another scope than yours' : ''}`;
  throw new CordonError('forbidden', `${wanted}. Ask an owner for it.`, { right: name });
}

/** Every right that `grants` give, each for any reach. */
export function rightsOf(grants: readonly Grant[]): RightName[] {
  return RIGHT_NAMES.filter((name) => isAllowed(() => reachOf(name, grants)));
}

/** Returns false if `check` throws `forbidden` or `out_of_scope`. */
export function isAllowed(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (isCordonError(error, 'forbidden') || isCordonError(error, 'out_of_scope')) return false;
    throw error;
  }
}

/** Throws `out_of_scope` unless the grants reach every given area. `US` reaches `US-CA`, and `EU` reaches `FR`, never the reverse. */
export function requireAreas({ areas: reached }: Reach, areas: readonly OrderArea[]): void {
  if (reached === null) return;
  const beyond = areasBeyond(reached, areas);
  if (beyond.length === 0) return;
  throw new CordonError('out_of_scope', `Your role does not reach ${beyond.join(', ')}.`, { areas: beyond });
}
