/**
 * Policy for actions that destroy data, end access or change rules for all users. `ACTIONS` lists the requirements of each action, and
 * `ROUTE_ACTIONS` assigns every changing route of the API to its actions. The API does not start if a changing route is missing.
 */
import type { ActionName } from '../../shared/api/action-names.ts';
import type { RightName, RouteName } from './rights.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Milliseconds after the last authenticator code during which a session may perform grave actions. */
export const STEP_UP_WITHIN = 10 * MINUTE;
/** Sliding window, in milliseconds, for counting the devices of one person's destructive actions. */
export const SOLO_WINDOW = 24 * HOUR;
/** Milliseconds after which a pending action without a decision expires. */
export const PENDING_LASTS = 24 * HOUR;

export interface ActionRule {
  readonly right: RightName;
  /**
   * Number of people that an action needs. `1`: one person. `2`: always two people. `limit`: one person for up to `soloLimit` devices in
   * 24 hours, two people beyond it. All actions with `limit` share one count per person, so single commands in a loop also reach the limit.
   */
  readonly people: 1 | 2 | 'limit';
  /** Whether the action needs a step-up sign-in. `bulk`: only if the action concerns more than one device. */
  readonly stepUp: 'always' | 'bulk' | 'never';
  /**
   * Rule for API tokens, which cannot give an authenticator code. `marked`: only tokens that their owner marked as destructive may perform
   * the action. `never`: no token may perform it. The rule applies only to actions that need a step-up sign-in.
   */
  readonly tokens: 'marked' | 'never';
}

export const ACTIONS = {
  'workspace.wipe': { right: 'commands.destroy', people: 'limit', stepUp: 'always', tokens: 'marked' },
  'device.unenroll': { right: 'commands.destroy', people: 'limit', stepUp: 'always', tokens: 'marked' },
  'device.revoke': { right: 'devices.revoke', people: 'limit', stepUp: 'always', tokens: 'marked' },
  /** Retirement ends the enrollment, and the record is deleted after its retention period. */
  'device.retire': { right: 'devices.retire', people: 'limit', stepUp: 'always', tokens: 'marked' },
  /**
   * A new enrollment ends the device's current enrollment. An activation code for an enrolled device therefore needs the right to revoke.
   */
  'device.re-enroll': { right: 'devices.revoke', people: 'limit', stepUp: 'always', tokens: 'marked' },
  /** One person may lock any number of workspaces, because a stolen device must be locked quickly and an unlock command reverses a lock. */
  'workspace.lock': { right: 'commands.issue', people: 1, stepUp: 'bulk', tokens: 'marked' },
  /** The workspace opens without the passcode, for each person who has the device. */
  'passcode.reset': { right: 'commands.issue', people: 1, stepUp: 'always', tokens: 'marked' },
  /** The user may delay a restart of one device, but can lose unsaved work. */
  'device.restart': { right: 'commands.power', people: 1, stepUp: 'bulk', tokens: 'marked' },
  /** No admin can start a device again. The device stays off until a person at the device starts it. */
  'device.shut-down': { right: 'commands.power', people: 1, stepUp: 'always', tokens: 'marked' },
  'file.push': { right: 'commands.push-file', people: 1, stepUp: 'bulk', tokens: 'marked' },
  /** The file may contain data about the user, who sees the reason. */
  'file.fetch': { right: 'commands.fetch-file', people: 1, stepUp: 'always', tokens: 'marked' },
  /** A package runs its scripts as root. A rollback reverses the change, so one person suffices. */
  'software.change': { right: 'commands.change-software', people: 1, stepUp: 'always', tokens: 'marked' },
  /** Devices on the channel install the package as root. An approver has signed it, and an earlier package can be published again. */
  'agent.publish': { right: 'update-channels.publish', people: 1, stepUp: 'always', tokens: 'marked' },
  /**
   * A second person confirms a change of a device's location statement, home, legal seat or group, because the change can end the effect of
   * an order on the device.
   */
  'location.override': { right: 'devices.update', people: 2, stepUp: 'always', tokens: 'marked' },
  /**
   * Resumption of a job that destroys data, changes software, runs a script, or restarts or shuts down devices. The people who are needed for
   * its devices confirmed the job when it was created.
   */
  'job.resume': { right: 'jobs.resume', people: 1, stepUp: 'always', tokens: 'marked' },
  /** A group can become trusted. Facts that devices report then decide about roles and exemptions. */
  'group.trust': { right: 'groups.trust', people: 1, stepUp: 'always', tokens: 'marked' },
  'group.delete': { right: 'groups.delete', people: 1, stepUp: 'always', tokens: 'marked' },
  /** A policy can lock the workspaces of many devices. The lock ends when the device complies or the policy changes. */
  'policy.apply': { right: 'policies.roll-out', people: 1, stepUp: 'always', tokens: 'marked' },
  /** The policy can wipe workspaces without a further decision of a person. */
  'policy.apply-wipe': { right: 'policies.roll-out', people: 2, stepUp: 'always', tokens: 'marked' },
  /**
   * A script runs on devices with the rights of the agent's user. One person suffices, because two people have already signed the script's
   * text.
   */
  'script.run': { right: 'scripts.run', people: 1, stepUp: 'always', tokens: 'marked' },
  'scripts.switch': { right: 'scripts.switch', people: 1, stepUp: 'always', tokens: 'never' },
  'policy.delete': { right: 'policies.delete', people: 1, stepUp: 'always', tokens: 'marked' },
  'area.remove': { right: 'areas.remove', people: 1, stepUp: 'always', tokens: 'marked' },
  'ip-database.activate': { right: 'ip-databases.activate', people: 1, stepUp: 'always', tokens: 'marked' },
  'territory-policy.activate': { right: 'territory-policies.activate', people: 1, stepUp: 'always', tokens: 'marked' },
  'legal-hold.release': { right: 'legal-holds.release', people: 1, stepUp: 'always', tokens: 'marked' },
  /**
   * No API token may perform the following actions. Otherwise a thief with a stolen token could create another access (account, role,
   * credential reset, token, approver key) or lock out owners.
   */
  'account.create': { right: 'accounts.create', people: 1, stepUp: 'always', tokens: 'never' },
  'account.change-status': { right: 'accounts.update', people: 1, stepUp: 'always', tokens: 'never' },
  'access.end': { right: 'access.end-account', people: 1, stepUp: 'always', tokens: 'never' },
  /**
   * Creation of a link that resets an admin's password and authenticator. The action needs a step-up (second confirmation of the admin's
   * identity), because a person who has the link can take over the account.
   */
  'account.reset-credentials': { right: 'accounts.invite', people: 1, stepUp: 'always', tokens: 'never' },
  /** Lost mode reports where a person is. The user of the device sees it and can end it. */
  'lost-mode.start': { right: 'lost-mode.start', people: 1, stepUp: 'always', tokens: 'marked' },
  /** The end on many devices deletes many coordinates, which an admin may still need. */
  'lost-mode.end-many': { right: 'lost-mode.end', people: 1, stepUp: 'always', tokens: 'marked' },
  'device.locate': { right: 'lost-mode.locate', people: 1, stepUp: 'always', tokens: 'marked' },
  'role.grant': { right: 'grants.create', people: 1, stepUp: 'always', tokens: 'never' },
  'role.revoke': { right: 'grants.delete', people: 1, stepUp: 'always', tokens: 'never' },
  /** A change of a role changes the rights of all accounts with the role. */
  'custom-role.create': { right: 'roles.create', people: 1, stepUp: 'always', tokens: 'never' },
  'custom-role.change': { right: 'roles.update', people: 1, stepUp: 'always', tokens: 'never' },
  'custom-role.delete': { right: 'roles.delete', people: 1, stepUp: 'always', tokens: 'never' },
  /** Link of the caller's account to the identity provider. The provider's person can then sign in with the account. */
  'identity.link': { right: 'provider.link', people: 1, stepUp: 'always', tokens: 'never' },
  /** An account without its link signs in with a password, which the provider's rules do not protect. */
  'identity.unlink': { right: 'provider.unlink', people: 1, stepUp: 'always', tokens: 'never' },
  'account.unlink': { right: 'accounts.unlink', people: 1, stepUp: 'always', tokens: 'never' },
  /** The action opens a session of the command line that has all roles of the person. */
  'cli.sign-in': { right: 'cli-sign-in.approve', people: 1, stepUp: 'always', tokens: 'never' },
  /** A thief with an open session could otherwise add a passkey, or lock the account holder out. */
  'passkey.add': { right: 'passkeys.register', people: 1, stepUp: 'always', tokens: 'never' },
  'passkey.remove': { right: 'passkeys.delete', people: 1, stepUp: 'always', tokens: 'never' },
  'recovery-codes.replace': { right: 'recovery-codes.replace', people: 1, stepUp: 'always', tokens: 'never' },
  'token.create': { right: 'tokens.create', people: 1, stepUp: 'always', tokens: 'never' },
  'approver-key.register': { right: 'approver-keys.register', people: 1, stepUp: 'always', tokens: 'never' },
  /** The action needs a step-up, because a mail connector reads all mail of the company. */
  'mail-connector.enroll': { right: 'codes.create-mail-connector', people: 1, stepUp: 'always', tokens: 'never' },
  /**
   * Readmission of a device after a restore from a backup. The action needs a step-up, because the server trusts the device again. The
   * server cannot know whether the device's certificate was revoked after the backup.
   */
  'device.readmit': { right: 'recovery.readmit', people: 1, stepUp: 'always', tokens: 'marked' },
  'device.reject': { right: 'recovery.reject', people: 1, stepUp: 'always', tokens: 'marked' },
  /**
   * Resumption of the ledger after a restore: the server signs checkpoints again. If the backup lacks entries that a device has seen, the
   * device can prove that the ledger has two histories.
   */
  'ledger.resume': { right: 'recovery.resume-ledger', people: 1, stepUp: 'always', tokens: 'marked' },
  /**
   * Proposal to continue the ledger under a new name after entries were lost. One person may propose, because the proposal has no effect
   * until enough approvers have signed it.
   */
  'ledger.continue': { right: 'recovery.continue-ledger', people: 1, stepUp: 'always', tokens: 'marked' },
  'recovery.close': { right: 'recovery.close', people: 1, stepUp: 'always', tokens: 'marked' },
  /**
   * A confirmed key of an authority receives personal records, a preview shows them in plain text, and a production cannot be taken back. A
   * stolen token must suffice for none of these actions.
   */
  'authority.confirm': { right: 'authorities.confirm', people: 1, stepUp: 'always', tokens: 'never' },
  'disclosure.preview': { right: 'disclosures.preview', people: 1, stepUp: 'always', tokens: 'never' },
  'disclosure.produce': { right: 'disclosures.produce', people: 1, stepUp: 'always', tokens: 'never' },
  /** A new channel sends names of devices and people out of the installation. */
  'notification-channel.create': {
    right: 'notification-channels.create',
    people: 1,
    stepUp: 'always',
    tokens: 'marked',
  },
  /**
   * Without a step-up, a thief with an open session could stop notifications about the thief's actions, and delete the delivery history.
   */
  'notification-rule.delete': { right: 'notification-rules.delete', people: 1, stepUp: 'always', tokens: 'marked' },
  'notification-channel.delete': {
    right: 'notification-channels.delete',
    people: 1,
    stepUp: 'always',
    tokens: 'marked',
  },
  'action.confirm': { right: 'actions.confirm', people: 1, stepUp: 'always', tokens: 'never' },
} as const satisfies Record<ActionName, ActionRule>;

/**
 * Actions that replace lost credentials. If a recovery code opened the session, its new sign-in suffices where the installation otherwise
 * requires an assertion, because the passkey that could give the assertion may be lost.
 */
export const RECOVERY_ACTIONS: ReadonlySet<ActionName> = new Set([
  'passkey.add',
  'passkey.remove',
  'recovery-codes.replace',
]);

/**
 * Required actions of each route that changes data. A single name: the API requires the right and the step-up of this action before the
 * handler runs. A list of names: the handler requires one of these actions, depending on the request. `signed`: approvers decide with their
 * own keys, under the rules of `server/orders`. `harmless`: the route destroys nothing, and one person can undo its change.
 */
type RoutePolicy = ActionName | readonly ActionName[] | 'signed' | 'harmless';

export const ROUTE_ACTIONS: Readonly<Partial<Record<RouteName, RoutePolicy>>> = {
  'commands.issue': [
    'workspace.wipe',
    'device.unenroll',
    'workspace.lock',
    'passcode.reset',
    'script.run',
    'software.change',
    'device.restart',
    'device.shut-down',
    'file.push',
    'file.fetch',
  ],
  'commands.issue-many': [
    'workspace.wipe',
    'device.unenroll',
    'workspace.lock',
    'script.run',
    'software.change',
    'device.restart',
    'device.shut-down',
    'file.push',
    'file.fetch',
  ],
  'scripts.switch': 'scripts.switch',
  /** The route needs no further confirmation, because a reviewer signs with an approver key. */
  'scripts.review': 'signed',
  /** A version without a review does not run, and a withdrawal only stops it. */
  'scripts.create': 'harmless',
  'scripts.add-version': 'harmless',
  'scripts.withdraw': 'harmless',
  'jobs.resume': ['job.resume'],
  'codes.create': ['device.re-enroll', 'mail-connector.enroll'],
  'devices.revoke': ['device.revoke'],
  'devices.revoke-many': ['device.revoke'],
  'devices.retire': ['device.retire'],
  'devices.reassign': ['device.re-enroll'],
  /** The following changes are harmless, because another request reverses them. */
  'devices.mark-missing': 'harmless',
  'devices.mark-found': 'harmless',
  'devices.label': 'harmless',
  'devices.add-to-group': 'harmless',
  'devices.remove-from-group': 'harmless',
  'devices.rename': 'harmless',
  'lost-mode.start': ['lost-mode.start'],
  'lost-mode.start-many': ['lost-mode.start'],
  'lost-mode.end-many': ['lost-mode.end-many'],
  'lost-mode.locate': ['device.locate'],
  /** The end deletes coordinates, and an admin can start lost mode again. */
  'lost-mode.end': 'harmless',
  'devices.preview-action': 'harmless',
  'devices.preview-reassignment': 'harmless',
  'devices.update': ['location.override'],
  'devices.place': ['location.override'],
  'device-views.create': 'harmless',
  'device-views.update': 'harmless',
  'device-views.delete': 'harmless',
  'device-columns.save': 'harmless',
  'groups.delete': 'group.delete',
  'groups.trust': 'group.trust',
  'policies.roll-out': ['policy.apply', 'policy.apply-wipe'],
  'update-channels.publish': ['agent.publish'],
  'policies.roll-back': ['policy.apply', 'policy.apply-wipe'],
  'policies.assign': ['policy.apply', 'policy.apply-wipe'],
  'policies.order': ['policy.apply', 'policy.apply-wipe'],
  'policies.delete': 'policy.delete',
  'areas.remove': 'area.remove',
  'ip-databases.activate': 'ip-database.activate',
  'ip-databases.rollback': 'ip-database.activate',
  'territory-policies.activate': 'territory-policy.activate',
  'territory-policies.rollback': 'territory-policy.activate',
  'legal-holds.release': 'legal-hold.release',
  'accounts.create': 'account.create',
  'accounts.update': 'account.change-status',
  'accounts.invite': 'account.reset-credentials',
  'grants.create': 'role.grant',
  'grants.delete': 'role.revoke',
  'roles.create': 'custom-role.create',
  'roles.update': 'custom-role.change',
  'roles.delete': 'custom-role.delete',
  'tokens.create': 'token.create',
  'provider.link': 'identity.link',
  'provider.unlink': 'identity.unlink',
  'accounts.unlink': 'account.unlink',
  'cli-sign-in.approve': 'cli.sign-in',
  'passkeys.register': 'passkey.add',
  'passkeys.delete': 'passkey.remove',
  'recovery-codes.replace': 'recovery-codes.replace',
  'approver-keys.register': 'approver-key.register',
  'recovery.readmit': 'device.readmit',
  'recovery.reject': 'device.reject',
  'recovery.resume-ledger': 'ledger.resume',
  'recovery.continue-ledger': 'ledger.continue',
  'recovery.close': 'recovery.close',
  'actions.confirm': 'action.confirm',
  'access.end-session': 'access.end',
  'access.end-token': 'access.end',
  'access.end-account': 'access.end',

  'authorities.confirm': 'authority.confirm',
  'disclosures.preview': 'disclosure.preview',
  'disclosures.produce': 'disclosure.produce',
  /** Two people of the role `legal` sign a request with their own keys before the server produces anything (ADR 54). */
  'disclosures.approve': 'signed',
  'transparency.sign': 'signed',
  /** A draft, a narrower text or a refusal discloses nothing. */
  'disclosures.upload': 'harmless',
  'disclosures.draft': 'harmless',
  'disclosures.narrow': 'harmless',
  'disclosures.refuse': 'harmless',
  'disclosures.record-refusal': 'harmless',
  'authorities.add': 'harmless',
  'authorities.revoke': 'harmless',
  'transparency.propose': 'harmless',

  'approvers.propose': 'signed',
  'approvers.sign': 'signed',
  'orders.propose': 'signed',
  'orders.revise': 'signed',
  'orders.approve': 'signed',
  /** A pending proposal has no effect, so its retraction is harmless. */
  'orders.retract': 'harmless',
  'orders.decline': 'harmless',
  'orders.confirm-replacement': 'harmless',
  /**
   * Recording an answer to an authority or a step of an appeal is harmless, because the record affects no service. A correction adds a new
   * record.
   */
  'orders.record': 'harmless',
  'messaging-keys.countersign': 'signed',
  'time-corrections.publish': 'signed',
  'time-corrections.propose': 'signed',
  'time-corrections.sign': 'signed',
  'recovery.sign-continuation': 'signed',

  'notification-channels.create': 'notification-channel.create',
  'notification-rules.delete': 'notification-rule.delete',
  'notification-channels.delete': 'notification-channel.delete',
  /** Rules send only through channels, whose creation needs a step-up. The owner can undo the other changes. */
  'notification-rules.create': 'harmless',
  'notification-rules.update': 'harmless',
  'notification-channels.rotate-secret': 'harmless',
  'notification-channels.test': 'harmless',
  'notification-deliveries.replay': 'harmless',
  'actions.decline': 'harmless',
  /**
   * Acknowledging an alert is harmless, because the alert stays in the list. If the cause of the alert occurs again, the alert becomes open
   * again.
   */
  'alerts.acknowledge': 'harmless',
  'session.create': 'harmless',
  'cli-sign-in.begin': 'harmless',
  'cli-sign-in.finish': 'harmless',
  'cli-sign-in.show': 'harmless',
  'cli-sign-in.decline': 'harmless',
  'session.step-up': 'harmless',
  'provider.begin': 'harmless',
  'provider.finish': 'harmless',
  'provider.step-up': 'harmless',
  'session.step-up-challenge': 'harmless',
  'session.passkey-challenge': 'harmless',
  'session.create-by-passkey': 'harmless',
  /** The route is harmless, because the options only prepare a registration. */
  'passkeys.options': 'harmless',
  'session.delete': 'harmless',
  'sessions.delete': 'harmless',
  'invitations.redeem': 'harmless',
  'address.send-link': 'harmless',
  'address.verify': 'harmless',
  'tokens.delete': 'harmless',
  'codes.cancel': 'harmless',
  'commands.cancel': 'harmless',
  /** A paused job can be resumed. An aborted job destroys nothing, and an admin can send the command again. */
  'jobs.pause': 'harmless',
  'jobs.abort': 'harmless',
  /** A live query changes nothing on a device, and its user can see it. */
  'live-queries.ask': 'harmless',
  'live-queries.remove': 'harmless',
  /** No device installs a package before an approver has signed it. A deleted package can be uploaded again. */
  'packages.upload': 'harmless',
  'files.upload': 'harmless',
  'files.delete': 'harmless',
  'packages.sign': 'signed',
  'packages.delete': 'harmless',
  'people.create': 'harmless',
  'people.update': 'harmless',
  'groups.preview': 'harmless',
  'groups.change-members': 'harmless',
  'groups.create': 'harmless',
  'policies.create': 'harmless',
  'policies.rename': 'harmless',
  /** A new version has no effect before its rollout. */
  'policies.add-version': 'harmless',
  'policies.rehearse': 'harmless',
  'groups.update': 'harmless',
  'areas.define': 'harmless',
  'areas.import': 'harmless',
  'territory-policies.import': 'harmless',
  'ip-databases.import': 'harmless',
  'advisories.import': 'harmless',
  /** Devices display a section that is switched on to their users before they report it. */
  'inventory-sections.change': 'harmless',
  'legal-holds.place': 'harmless',
  'legal-holds.place-many': 'harmless',
  'orders.preview': 'harmless',
  'orders.impact-names': 'harmless',
  'orders.pack': 'harmless',
  'orders.pack-names': 'harmless',
  'order-documents.upload': 'harmless',
  /** Creating a backup is harmless, because a backup destroys nothing. A scheduled job can therefore create backups without a person. */
  'backup.create': 'harmless',
  'backup.create-keys': 'harmless',
  'demo.jump': 'harmless',
  'demo.message': 'harmless',
  'demo.session': 'harmless',
};

/**
 * Maximum number of devices on which one person may act destructively in 24 hours: a tenth of the active fleet, at least 5 and at most 100.
 */
export function soloLimit(fleet: number): number {
  return Math.min(100, Math.max(5, Math.floor(fleet / 10)));
}

export type Proof =
  | { readonly via: 'session'; readonly authenticatedAt: number; readonly byRecoveryCode: boolean }
  | { readonly via: 'token'; readonly destructive: boolean };

/**
 * Decides whether the caller has proven enough for an action. `step_up`: the caller must first give a new authenticator code.
 * `token_refused`: the caller's API token may not perform the action, whatever code the caller gives.
 */
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

/**
 * Returns the number of people that an action needs. `used`: number of devices on which the person has acted destructively in the last 24
 * hours, including this action. `fleet`: number of active devices.
 */
export function peopleNeeded({ people }: ActionRule, { used, fleet }: { used: number; fleet: number }): 1 | 2 {
  if (people !== 'limit') return people;
  return used > soloLimit(fleet) ? 2 : 1;
}
