/**
 * The policy for actions that destroy data, end access or change the rules for everybody: the right, the number of people and the
 * step-up sign-in that each action needs. One table holds all of them. `ROUTE_ACTIONS` assigns every changing route of the API to its
 * actions, or marks the route as harmless. The API does not start while a changing route is missing from it.
 */
import type { RightName, RouteName } from './roles.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A session may perform grave actions for this long after the last authenticator code. */
export const STEP_UP_WITHIN = 10 * MINUTE;
/** The window in which the devices of one person's destructive actions are counted. */
export const ALONE_WITHIN = 24 * HOUR;
/** A pending action that nobody decided is void after this time. */
export const PENDING_LASTS = 24 * HOUR;

export interface ActionRule {
  readonly right: RightName;
  /**
   * `1`: one person. `2`: always two people. `limit`: one person for up to `aloneLimit` devices in 24 hours, and two people beyond. All
   * actions with `limit` share one count, so that a loop over single devices reaches the limit as a bulk command does.
   */
  readonly people: 1 | 2 | 'limit';
  /** `bulk`: only for more than one device. */
  readonly stepUp: 'always' | 'bulk' | 'never';
  /**
   * A token cannot give an authenticator code. `marked`: a token may do this where its owner marked it as destructive. `never`: no token
   * may do this. This concerns step-up actions only.
   */
  readonly tokens: 'marked' | 'never';
}

export const ACTIONS = {
  'workspace.wipe': { right: 'commands.destroy', people: 'limit', stepUp: 'always', tokens: 'marked' },
  'device.unenroll': { right: 'commands.destroy', people: 'limit', stepUp: 'always', tokens: 'marked' },
  'device.revoke': { right: 'devices.revoke', people: 'limit', stepUp: 'always', tokens: 'marked' },
  /** The holder of the code ends the device's present enrollment, so the code needs the right to revoke. */
  'device.re-enroll': { right: 'devices.revoke', people: 'limit', stepUp: 'always', tokens: 'marked' },
  /** An unlock command undoes it, and a stolen device cannot wait for a second person. */
  'workspace.lock': { right: 'commands.issue', people: 1, stepUp: 'bulk', tokens: 'marked' },
  'group.delete': { right: 'groups.delete', people: 1, stepUp: 'always', tokens: 'marked' },
  'area.remove': { right: 'areas.remove', people: 1, stepUp: 'always', tokens: 'marked' },
  'ip-database.activate': { right: 'ip-databases.activate', people: 1, stepUp: 'always', tokens: 'marked' },
  'disputed-policy.activate': { right: 'disputed-policies.activate', people: 1, stepUp: 'always', tokens: 'marked' },
  'legal-hold.release': { right: 'legal-holds.release', people: 1, stepUp: 'always', tokens: 'marked' },
  /** A stolen token must not create another way in: no account, role, credential reset, token or approver key. It must not lock owners out. */
  'account.create': { right: 'accounts.create', people: 1, stepUp: 'always', tokens: 'never' },
  'account.change-status': { right: 'accounts.update', people: 1, stepUp: 'always', tokens: 'never' },
  'access.end': { right: 'access.end-account', people: 1, stepUp: 'always', tokens: 'never' },
  /** Anyone with the new link can take over the account. */
  'account.reset-credentials': { right: 'accounts.invite', people: 1, stepUp: 'always', tokens: 'never' },
  'role.grant': { right: 'grants.create', people: 1, stepUp: 'always', tokens: 'never' },
  'role.revoke': { right: 'grants.delete', people: 1, stepUp: 'always', tokens: 'never' },
  'token.create': { right: 'tokens.create', people: 1, stepUp: 'always', tokens: 'never' },
  'approver-key.register': { right: 'approver-keys.register', people: 1, stepUp: 'always', tokens: 'never' },
  /** The server trusts a device again of which it does not know whether it was revoked. */
  'device.readmit': { right: 'restoration.readmit', people: 1, stepUp: 'always', tokens: 'marked' },
  'restoration.close': { right: 'restoration.close', people: 1, stepUp: 'always', tokens: 'marked' },
  'action.confirm': { right: 'actions.confirm', people: 1, stepUp: 'always', tokens: 'never' },
} as const satisfies Record<string, ActionRule>;

export type ActionName = keyof typeof ACTIONS;
export const ACTION_NAMES = Object.keys(ACTIONS) as ActionName[];

/**
 * The actions of a changing route. A single name: the API demands it before the handler runs. A list: the handler demands the one that the request
 * amounts to. `signed`: approvers' own keys decide, under the rules of `server/orders`. `harmless`: nothing is lost, and one person undoes it.
 */
type RoutePolicy = ActionName | readonly ActionName[] | 'signed' | 'harmless';

export const ROUTE_ACTIONS: Readonly<Partial<Record<RouteName, RoutePolicy>>> = {
  'commands.issue': ['workspace.wipe', 'device.unenroll', 'workspace.lock'],
  'commands.issue-many': ['workspace.wipe', 'device.unenroll', 'workspace.lock'],
  'codes.create': ['device.re-enroll'],
  'devices.revoke': ['device.revoke'],
  'groups.delete': 'group.delete',
  'areas.remove': 'area.remove',
  'ip-databases.activate': 'ip-database.activate',
  'ip-databases.rollback': 'ip-database.activate',
  'disputed-policies.activate': 'disputed-policy.activate',
  'disputed-policies.rollback': 'disputed-policy.activate',
  'legal-holds.release': 'legal-hold.release',
  'accounts.create': 'account.create',
  'accounts.update': 'account.change-status',
  'accounts.invite': 'account.reset-credentials',
  'grants.create': 'role.grant',
  'grants.delete': 'role.revoke',
  'tokens.create': 'token.create',
  'approver-keys.register': 'approver-key.register',
  'restoration.readmit': 'device.readmit',
  'restoration.close': 'restoration.close',
  'actions.confirm': 'action.confirm',
  'access.end-session': 'access.end',
  'access.end-token': 'access.end',
  'access.end-account': 'access.end',

  'approvers.propose': 'signed',
  'approvers.sign': 'signed',
  'orders.propose': 'signed',
  'orders.act': 'signed',
  'orders.approve': 'signed',
  'messaging-keys.countersign': 'signed',
  'time-corrections.publish': 'signed',

  'actions.decline': 'harmless',
  'session.create': 'harmless',
  'session.step-up': 'harmless',
  'session.delete': 'harmless',
  'sessions.delete': 'harmless',
  'invitations.redeem': 'harmless',
  'tokens.delete': 'harmless',
  'codes.cancel': 'harmless',
  'commands.cancel': 'harmless',
  'devices.update': 'harmless',
  'people.create': 'harmless',
  'people.update': 'harmless',
  'groups.create': 'harmless',
  'groups.update': 'harmless',
  'areas.define': 'harmless',
  'areas.import': 'harmless',
  'disputed-policies.import': 'harmless',
  'ip-databases.import': 'harmless',
  'legal-holds.place': 'harmless',
  'orders.preview': 'harmless',
  'orders.impact-names': 'harmless',
  'orders.pack': 'harmless',
  'orders.pack-names': 'harmless',
  'order-documents.upload': 'harmless',
  /** A copy destroys nothing, and a scheduled backup runs without a person. */
  'backup.create': 'harmless',
  'demo.jump': 'harmless',
  'demo.message': 'harmless',
  'demo.session': 'harmless',
};

/** How many devices one person may destroy in 24 hours: a tenth of the active fleet, at least 5 and at most 100. */
export function aloneLimit(fleet: number): number {
  return Math.min(100, Math.max(5, Math.floor(fleet / 10)));
}

/** How a request was authenticated. */
export type Proof =
  | { readonly via: 'session'; readonly authenticatedAt: number }
  | { readonly via: 'token'; readonly destructive: boolean };

/** Whether the caller's proof is fresh enough for the action: `step_up` asks for a code, `token_refused` cannot be cured by one. */
export function proofSuffices(
  rule: ActionRule,
  proof: Proof,
  {
    devices,
    now,
    within = STEP_UP_WITHIN,
  }: { readonly devices: number; readonly now: number; readonly within?: number },
): 'yes' | 'step_up' | 'token_refused' {
  if (rule.stepUp === 'never' || (rule.stepUp === 'bulk' && devices <= 1)) return 'yes';
  if (proof.via === 'token') return rule.tokens === 'marked' && proof.destructive ? 'yes' : 'token_refused';
  return now - proof.authenticatedAt < within ? 'yes' : 'step_up';
}

/** How many people an action needs that would bring one person's count to `taken` devices in a fleet of `fleet`. */
export function peopleNeeded({ people }: ActionRule, { taken, fleet }: { taken: number; fleet: number }): 1 | 2 {
  if (people !== 'limit') return people;
  return taken > aloneLimit(fleet) ? 2 : 1;
}
