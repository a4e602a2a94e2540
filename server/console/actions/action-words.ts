import type { ActionView } from '../../../shared/api/actions.ts';

const NAMES: Readonly<Record<string, string>> = {
  'workspace.wipe': 'Wipe workspace',
  'device.unenroll': 'Unenroll device',
  'device.revoke': 'Revoke device',
  'device.retire': 'Retire device',
  'job.resume': 'Resume a job with a command that needs a new sign-in',
  'lost-mode.start': 'Start lost mode',
  'lost-mode.end-many': 'End lost mode on many devices',
  'device.locate': 'Show the position of a device in lost mode',
  'passcode.reset': 'Reset passcode of workspace',
  'device.restart': 'Restart devices',
  'device.shut-down': 'Shut down device',
  'file.push': 'Send file to devices',
  'file.fetch': 'Fetch file from device',
  'software.change': 'Install, update or remove software',
  'agent.publish': 'Publish a version of the agent on an update channel',
  'location.override': 'Change a location, home area or legal seat so that an order no longer affects the device',
  'device.re-enroll': 'Create an activation code for an enrolled device',
  'account.create': 'Create account',
  'account.change-status': 'Enable or disable an account',
  'account.reset-credentials': 'Create a credential reset link',
  'access.end': 'End sessions and tokens',
  'role.grant': 'Grant role',
  'role.revoke': 'Remove role',
  'policy.apply': 'Apply policy',
  'policy.apply-wipe': 'Apply policy that can wipe workspaces',
  'policy.delete': 'Delete policy',
  'token.create': 'Create API token',
  'group.trust': 'Trust a dynamic group for roles and order exemptions',
  'passkey.add': 'Add passkey',
  'passkey.remove': 'Remove passkey',
  'recovery-codes.replace': 'Create recovery codes',
  'approver-key.register': 'Register approver key',
};

export const actionName = (action: string): string => NAMES[action] ?? action;

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
