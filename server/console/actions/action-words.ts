import type { ActionName, SecondPersonAction } from '../../../shared/api/action-names.ts';
import { ACTION_NAMES, needsSecondPerson } from '../../../shared/api/action-names.ts';
import type { ActionView } from '../../../shared/api/actions.ts';

/** Names of actions. A name says what the request changes. It never says which effect the change has, which only the server computes. */
export const NAMES: Readonly<Record<ActionName, string>> = {
  'workspace.wipe': 'Wipe workspace',
  'device.unenroll': 'Unenroll device',
  'device.revoke': 'Revoke device',
  'device.retire': 'Retire device',
  'device.re-enroll': 'Create activation link for an enrolled device',
  'workspace.lock': 'Lock workspace',
  'passcode.reset': 'Reset passcode of workspace',
  'device.restart': 'Restart device',
  'device.shut-down': 'Shut down device',
  'file.push': 'Send file to device',
  'file.fetch': 'Fetch file from device',
  'software.change': 'Install, update or remove software',
  'agent.publish': 'Publish a version of the agent on an update channel',
  'location.override': 'Change location statement, home area, legal seat or group',
  'job.resume': 'Resume job',
  'group.trust': 'Change whether a dynamic group is trusted',
  'group.delete': 'Delete group',
  'policy.apply': 'Apply policy',
  'policy.apply-wipe': 'Apply policy that can wipe workspaces',
  'script.run': 'Run script',
  'scripts.switch': 'Switch scripts on or off',
  'policy.delete': 'Delete policy',
  'area.remove': 'Remove area',
  'ip-database.activate': 'Activate IP database',
  'territory-policy.activate': 'Activate territory policy',
  'legal-hold.release': 'Release legal hold',
  'account.create': 'Create account',
  'account.change-status': 'Enable or disable account',
  'access.end': 'End sessions or tokens',
  'account.reset-credentials': 'Create sign-in link for an account',
  'lost-mode.start': 'Start lost mode',
  'lost-mode.end-many': 'End lost mode on many devices',
  'device.locate': 'Show the position of a device in lost mode',
  'role.grant': 'Grant role',
  'role.revoke': 'Remove role',
  'custom-role.create': 'Create custom role',
  'custom-role.change': 'Change custom role',
  'custom-role.delete': 'Delete custom role',
  'identity.link': 'Link your account to the identity provider',
  'identity.unlink': 'Unlink your account from the identity provider',
  'account.unlink': 'Unlink an account from the identity provider',
  'cli.sign-in': 'Sign in the command line',
  'passkey.add': 'Add passkey',
  'passkey.remove': 'Remove passkey',
  'recovery-codes.replace': 'Create new recovery codes',
  'token.create': 'Create API token',
  'approver-key.register': 'Register approver key',
  'mail-connector.enroll': 'Create activation link for a mail connector',
  'device.readmit': 'Readmit device after a restore',
  'device.reject': 'Reject device after a restore',
  'ledger.resume': 'Resume ledger after a restore',
  'ledger.continue': 'Propose to continue the ledger under a new name',
  'recovery.close': 'End recovery',
  'authority.confirm': 'Confirm key of an authority',
  'disclosure.preview': 'Preview records of a disclosure request',
  'disclosure.produce': 'Produce records of a disclosure request',
  'notification-channel.create': 'Create notification channel',
  'notification-rule.delete': 'Delete notification rule',
  'notification-channel.delete': 'Delete notification channel',
  'action.confirm': 'Confirm action',
};

const isActionName = (action: string): action is ActionName => ACTION_NAMES.some((one) => one === action);

/** Name of an action. A console that is older than the server shows the server's own name. */
export const actionName = (action: string): string => (isActionName(action) ? NAMES[action] : action);

/** Consequence of each action that can be pending, for the person who confirms it. Each text must be true for every request of the action. */
export const CONSEQUENCES: Readonly<Record<SecondPersonAction, string>> = {
  'workspace.wipe': 'Each device destroys its work files. Nobody can restore them.',
  'device.unenroll': 'Each device ends its enrollment when it receives the command. To return, it must enroll again.',
  'device.revoke':
    'The server revokes the certificates of each device at once. To return, the device must enroll again.',
  'device.retire':
    'The server revokes the certificates of each device at once, and deletes its record after 400 days. To return, the device must enroll again.',
  'device.re-enroll':
    'The present enrollment of each device ends when the device uses its link. Until then, an admin can cancel the link.',
  'location.override':
    'Orders use the new values at once. Another change can restore the old ones, and may also need a second person.',
  'policy.apply-wipe': 'The policy can wipe the workspaces of these devices. Nobody can restore wiped work files.',
};

/** Text for an action of a newer server, about which this console knows nothing. */
const UNKNOWN = 'This page does not know the action. Reload the page before you confirm the action.';

export const consequence = (action: string): string => (needsSecondPerson(action) ? CONSEQUENCES[action] : UNKNOWN);

const number = (count: number) => count.toLocaleString('en');
export const devicesText = (count: number): string => `${number(count)} ${count === 1 ? 'device' : 'devices'}`;

export const STATUS_NAMES: Readonly<Record<ActionView['status'], string>> = {
  pending: 'Pending',
  confirmed: 'Confirmed',
  performed: 'Performed',
  failed: 'Failed',
  declined: 'Declined',
  expired: 'Expired',
};

export const STATUS_COLORS: Readonly<Record<ActionView['status'], string>> = {
  pending: 'yellow',
  confirmed: 'blue',
  performed: 'green',
  failed: 'red',
  declined: 'gray',
  expired: 'gray',
};
