/**
 * Who may do what: one table, every route of the API named in it once. The API mounts a route only under a name that stands here, so
 * a route without rights does not compile. What a grant's scope (groups, areas) means is decided here too, and nowhere else.
 */
import { ROLES, type Role } from '../../shared/api/roles.ts';
import { type AreaCode, areasBeyond, expandAreas } from '../../shared/areas/area-code.ts';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { GroupId } from '../../shared/protocol/ids.ts';

/** A role, perhaps for one group only, or for one area only: its orders, and the devices whose home is there. Both: what is in both. */
export interface Grant {
  readonly role: Role;
  readonly group: GroupId | null;
  readonly area: AreaCode | null;
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

/** `backup` is for a scheduled job: it takes a backup and sees nothing else. */
const EVERYONE = ROLES.filter((role) => role !== 'backup');
const right = (scope: Scope, ...roles: readonly Role[]): Right => ({ scope, roles });

export const RIGHTS = {
  'health.live': right('public'),
  'health.ready': right('public'),
  /** As the probes: counts without names, on a listener that only the operator's own monitoring reaches. */
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
  /** One's own. */
  'sessions.list': right('self'),
  'sessions.delete': right('self'),
  'tokens.list': right('self'),
  'tokens.create': right('self'),
  'tokens.delete': right('self'),

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

  /** The list shows what the caller proposed or may decide; the right of each action decides about that. */
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
  /** Not a route: what issuing asks for besides, when the command destroys something. */
  'commands.destroy': right('device', 'owner', 'fleet'),
  'commands.list': right('device', ...EVERYONE),
  'commands.show': right('device', ...EVERYONE),
  'commands.progress': right('device', ...EVERYONE),
  'commands.cancel': right('device', 'owner', 'fleet', 'helpdesk'),
  'alarms.list': right('device', ...EVERYONE),
  /** Topics only: whoever listens asks with their own rights. */
  'events.listen': right('self'),

  'orders.list': right('any', ...EVERYONE),
  'orders.show': right('any', ...EVERYONE),
  'orders.revision': right('any', ...EVERYONE),
  'orders.propose': right('areas', 'owner', 'legal'),
  'orders.act': right('areas', 'owner', 'legal'),
  'orders.approve': right('areas', 'owner', 'legal'),
  'orders.affected': right('areas', 'owner', 'fleet', 'legal', 'auditor'),
  'orders.exemptions': right('areas', 'owner', 'fleet', 'legal', 'auditor'),
  'orders.receipts': right('areas', 'owner', 'fleet', 'legal', 'auditor'),
  /** The document belongs to no order yet, so its areas cannot be checked. A role that can propose no order uploads nothing. */
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
  'orders.progress': right('areas', 'owner', 'fleet', 'legal', 'auditor'),
  'orders.exit': right('areas', 'owner', 'fleet', 'legal', 'auditor'),

  /** A matter is the whole organisation's: a hold on a user reaches devices of every group. */
  'legal-holds.list': right('whole', 'owner', 'legal', 'auditor'),
  'legal-holds.place': right('whole', 'owner', 'legal'),
  'legal-holds.release': right('whole', 'owner', 'legal'),

  'ledger.checkpoint': right('any', ...EVERYONE),
  'ledger.leaves': right('any', ...EVERYONE),
  'ledger.inclusion': right('any', ...EVERYONE),
  'ledger.consistency': right('any', ...EVERYONE),
  'areas.list': right('any', ...EVERYONE),
  /** Orders may name these groups and polygons. A limited role changes one only if it reaches all its countries, before and after. */
  'areas.define': right('areas', 'owner', 'legal'),
  'areas.import': right('areas', 'owner', 'legal'),
  'areas.remove': right('areas', 'owner', 'legal'),
  /** What orders say by default; whoever proposes them takes it. */
  'disputed-policies.list': right('any', ...EVERYONE),
  'disputed-policies.import': right('whole', 'owner', 'legal'),
  'disputed-policies.compare': right('whole', 'owner', 'fleet', 'legal', 'auditor'),
  'disputed-policies.rollback': right('whole', 'owner', 'legal'),
  'disputed-policies.activate': right('whole', 'owner', 'legal'),
  'ip-databases.list': right('any', 'owner', 'fleet', 'legal', 'auditor'),
  'ip-databases.import': right('whole', 'owner', 'fleet'),
  'ip-databases.compare': right('whole', 'owner', 'fleet', 'legal', 'auditor'),
  'ip-databases.rollback': right('whole', 'owner', 'fleet'),
  'ip-databases.activate': right('whole', 'owner', 'fleet'),
  'restoration.show': right('whole', 'owner', 'fleet', 'auditor'),
  'restoration.readmit': right('whole', 'owner', 'fleet'),
  'restoration.close': right('whole', 'owner'),
  'backup.create': right('whole', 'owner', 'backup'),
  /** Not a route: naming another recipient than the configured one. */
  'backup.export': right('whole', 'owner'),

  /** Mounted in `npm run demo` only. */
  'demo.show': right('self'),
  'demo.jump': right('self'),
  'demo.message': right('self'),
  'demo.session': right('public'),
} as const satisfies Record<string, Right>;

export type RightName = keyof typeof RIGHTS;
const RIGHT_NAMES = Object.keys(RIGHTS) as RightName[];
export type RouteName = Exclude<RightName, 'commands.destroy' | 'backup.export'>;

/** What the caller's grants let one right reach. */
export interface Reach {
  /** Devices of the group, with their home in one of `homes`, that any part reaches; null: all of them. */
  readonly devices: readonly { readonly group: GroupId | null; readonly homes: readonly AreaCode[] | null }[] | null;
  /** The areas whose orders are reached; null: all of them. */
  readonly areas: readonly AreaCode[] | null;
}

const EVERYTHING: Reach = { devices: null, areas: null };

/** Decides whether `grants` give `name` at all, and how far; throws `forbidden` when they do not. */
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
  // An order reaches every group of its areas, so a grant for one group says nothing about it.
  const areas = held.flatMap(({ group, area }) => (group === null && area !== null ? area : []));
  if (scope === 'areas' && areas.length > 0) return { devices: [], areas };
  const wanted = `${name} takes the role ${roles.join(' or ')}${held.length > 0 ? ' with another scope than yours' : ''}`;
  throw new CordonError('forbidden', `${wanted}; ask an owner for it.`, { right: name });
}

/** Every right that `grants` give at all, however far. */
export function rightsOf(grants: readonly Grant[]): RightName[] {
  return RIGHT_NAMES.filter((name) => isAllowed(() => reachOf(name, grants)));
}

/** False if `check` throws `forbidden` or `out_of_scope`. */
export function isAllowed(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (isCordonError(error, 'forbidden') || isCordonError(error, 'out_of_scope')) return false;
    throw error;
  }
}

/** Throws `out_of_scope` unless every one of the areas is reached: `US` reaches `US-CA`, `EU` reaches `FR`, never the other way. */
export function requireAreas({ areas: reached }: Reach, areas: readonly AreaCode[]): void {
  if (reached === null) return;
  const beyond = areasBeyond(reached, areas);
  if (beyond.length === 0) return;
  throw new CordonError('out_of_scope', `Your role does not reach ${beyond.join(', ')}.`, { areas: beyond });
}
