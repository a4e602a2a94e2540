/** Commands and how far they have come, in an admin's words. */
import type { CommandView } from '../../../shared/api/commands.ts';
import type { Command, CommandKind } from '../../../shared/protocol/frames.ts';

export const COMMAND_NAMES: Readonly<Record<CommandKind, string>> = {
  message: 'Show a message',
  'lock-workspace': 'Lock the workspace',
  'unlock-workspace': 'Unlock the workspace',
  'refresh-inventory': 'Read the inventory anew',
  'restart-agent': 'Restart the agent',
  'wipe-workspace': 'Wipe the workspace',
  unenrol: 'Unenrol',
};

export const COMMAND_MEANING: Readonly<Record<CommandKind, string>> = {
  message: 'The text is shown to whoever uses the device.',
  'lock-workspace':
    'Company files on the device cannot be opened until somebody unlocks the workspace here. Nothing is lost.',
  'unlock-workspace': 'Company files can be opened again.',
  'refresh-inventory': 'The device says anew what hardware and system it has.',
  'restart-agent': 'The Cordon agent on the device starts anew. The workspace and its files stay as they are.',
  'wipe-workspace':
    'Company files on the device and the key to them are destroyed, and that is entered in the public ledger.',
  unenrol:
    'The device leaves the fleet: its certificates end and it takes no more commands. To come back it must enrol anew.',
};

/** On the button, for one device. */
export const COMMAND_VERBS: Readonly<Record<CommandKind, string>> = {
  message: 'Send the message',
  'lock-workspace': 'Lock the workspace',
  'unlock-workspace': 'Unlock the workspace',
  'refresh-inventory': 'Ask the device',
  'restart-agent': 'Restart the agent',
  'wipe-workspace': 'Wipe the workspace',
  unenrol: 'Unenrol the device',
};

/** `Lock 3 devices`, `Send to 1 device`. */
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
      return `Ask ${devices}`;
    case 'restart-agent':
      return `Restart the agent of ${devices}`;
    case 'wipe-workspace':
      return `Wipe ${devices}`;
    case 'unenrol':
      return `Unenrol ${devices}`;
  }
}

/** Cannot be undone: takes the right `commands.destroy` besides. */
export const isGrave = (kind: CommandKind): boolean => kind === 'wipe-workspace' || kind === 'unenrol';

export type CommandState = CommandView['state'];

export const COMMAND_STATE_NAMES: Readonly<Record<CommandState, string>> = {
  queued: 'Waiting for the device',
  stored: 'On the device',
  done: 'Done',
  failed: 'Failed',
  expired: 'Expired',
  cancelled: 'Cancelled',
};

export const commandText = (command: Command): string | null => (command.kind === 'message' ? command.text : null);
