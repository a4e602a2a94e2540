import { COMMAND_NAMES } from '../../../shared/api/command-names.ts';
import type { CommandView } from '../../../shared/api/commands.ts';
import { COMMAND_KINDS, type CommandKind } from '../../../shared/protocol/command-kinds.ts';
import type { Command } from '../../../shared/protocol/frames.ts';

/** Name of a command with its parameters. */
export const commandName = (command: Command): string =>
  command.kind === 'unlock-workspace' && command.resetPasscode === true
    ? 'Reset passcode'
    : COMMAND_NAMES[command.kind];

export const COMMAND_MEANING: Readonly<Record<CommandKind, string>> = {
  message: 'The device shows this text to its user.',
  'lock-workspace':
    'The user cannot open work files on the device until an admin unlocks the workspace. No data is lost.',
  'unlock-workspace': 'The user can open the work files on the device again.',
  'refresh-inventory': 'The device reports its current hardware and software.',
  'change-software':
    'The system helper of the device installs, updates or removes the packages. If it fails, it restores the earlier versions.',
  'update-os':
    'The device installs the updates of its repositories, and of its flatpak applications. Its user sees when they start, and may delay them.',
  'install-package': 'The device downloads the signed package, verifies it and installs it.',
  'roll-back-software': 'The device returns to the versions that it had before the change.',
  'restart-agent': 'The Cordon agent on the device restarts. The workspace and its files do not change.',
  'restart-device':
    'The device shows its user a countdown, and restarts at its end. The user may delay the restart once. Unsaved work can be lost.',
  'shut-down-device':
    'The device shows its user a countdown, and shuts down at its end. The user may delay the shutdown once. A person at the device must start it again.',
  'collect-logs':
    'The device sends the log of its Cordon agent. You can download the log from the page of the device for 7 days. The log contains no messages and no keys.',
  'push-file':
    'The device stores the file in the organization’s folder of its workspace. Its user can read and delete it.',
  'fetch-file':
    'The device sends the file from the organization’s folder of its workspace. Its user sees the reason and that the file was fetched.',
  'run-script': 'The device runs a reviewed script and reports its output.',
  'wipe-workspace': 'The device destroys its work files and their key. The public ledger records the wipe.',
  unenroll:
    'The server revokes the certificates of the device and sends it no more commands. The device must enroll again to return.',
};

/** Verbs of buttons. Only a message has another name in the list of commands. */
export const COMMAND_VERBS: Readonly<Record<CommandKind, string>> = { ...COMMAND_NAMES, message: 'Send message' };

export function commandVerb(kind: CommandKind, count: number): string {
  const devices = `${count.toLocaleString('en')} ${count === 1 ? 'device' : 'devices'}`;
  switch (kind) {
    case 'message':
      return `Send to ${devices}`;
    case 'lock-workspace':
      return `Lock ${devices}`;
    case 'unlock-workspace':
      return `Unlock ${devices}`;
    case 'refresh-inventory':
      return `Refresh inventory of ${devices}`;
    case 'collect-logs':
      return `Collect logs of ${devices}`;
    case 'push-file':
      return `Send to ${devices}`;
    case 'fetch-file':
      return `Fetch from ${devices}`;
    case 'restart-agent':
      return `Restart agent on ${devices}`;
    case 'restart-device':
      return `Restart ${devices}`;
    case 'shut-down-device':
      return `Shut down ${devices}`;
    case 'run-script':
      return `Run on ${devices}`;
    case 'change-software':
      return `Change software of ${devices}`;
    case 'roll-back-software':
      return `Roll back software of ${devices}`;
    case 'update-os':
      return `Update ${devices}`;
    case 'install-package':
      return `Install on ${devices}`;
    case 'wipe-workspace':
      return `Wipe ${devices}`;
    case 'unenroll':
      return `Unenroll ${devices}`;
  }
}

export type CommandState = CommandView['state'];

export const COMMAND_STATE_NAMES: Readonly<Record<CommandState, string>> = {
  queued: 'Pending',
  stored: 'Delivered',
  done: 'Completed',
  failed: 'Failed',
  expired: 'Expired',
  canceled: 'Canceled',
};

const SOFTWARE_VERBS = { install: 'Install', update: 'Update', remove: 'Remove' } as const;

/** Content of a command that has one: the text of a message, the version of a script, or the packages. */
export function commandText(command: Command): string | null {
  switch (command.kind) {
    case 'message':
      return command.text;
    case 'run-script':
      return [`Version ${command.version}`, ...(command.arguments ?? [])].join(' ');
    case 'change-software': {
      const names = command.packages.map(({ name, version }) => (version === undefined ? name : `${name} ${version}`));
      return `${SOFTWARE_VERBS[command.action]} ${names.join(', ')}`;
    }
    case 'restart-device':
    case 'shut-down-device':
      return `Countdown of ${command.minutes} ${command.minutes === 1 ? 'minute' : 'minutes'}`;
    case 'push-file':
      return command.name;
    case 'fetch-file':
      return `${command.name}: ${command.reason}`;
    case 'update-os':
      return command.scope === 'security' ? 'Security updates' : 'All updates';
    default:
      return null;
  }
}

/** Kinds that the dialogs do not offer: the page of a job has the rollback, and the page of a device fetches a file from this device. */
const OWN_PAGE = ['roll-back-software', 'fetch-file'] as const satisfies readonly CommandKind[];
export const isOnOwnPage = (kind: CommandKind): kind is (typeof OWN_PAGE)[number] =>
  OWN_PAGE.some((own) => own === kind);
/** Kinds that the dialogs for commands offer. */
export const DIALOG_KINDS: readonly CommandKind[] = COMMAND_KINDS.filter((kind) => !isOnOwnPage(kind));
