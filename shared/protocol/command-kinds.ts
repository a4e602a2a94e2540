import { z } from 'zod';

export const COMMAND_KINDS = [
  'message',
  'lock-workspace',
  'unlock-workspace',
  'refresh-inventory',
  'restart-agent',
  'restart-device',
  'shut-down-device',
  'collect-logs',
  'push-file',
  'fetch-file',
  'run-script',
  'change-software',
  'roll-back-software',
  'install-package',
  'update-os',
  'wipe-workspace',
  'unenroll',
] as const;
export const commandKindSchema = z.enum(COMMAND_KINDS);
export type CommandKind = (typeof COMMAND_KINDS)[number];

/** Whether the command deletes a user's data for good. Such a command needs the right `commands.destroy`, and a legal hold prevents it. */
const DESTROYS_DATA: Readonly<Record<CommandKind, boolean>> = {
  message: false,
  'lock-workspace': false,
  'unlock-workspace': false,
  'refresh-inventory': false,
  'restart-agent': false,
  'restart-device': false,
  'shut-down-device': false,
  'collect-logs': false,
  'push-file': false,
  'fetch-file': false,
  'run-script': false,
  'change-software': false,
  'roll-back-software': false,
  'install-package': false,
  'update-os': false,
  'wipe-workspace': true,
  unenroll: true,
};
export const destroysData = (kind: CommandKind): boolean => DESTROYS_DATA[kind];

/** Whether the command changes software of the machine with root's rights. Such a command needs the right `commands.change-software`. */
const SOFTWARE: readonly CommandKind[] = ['change-software', 'roll-back-software', 'install-package', 'update-os'];
export const changesSoftware = (kind: CommandKind): boolean => SOFTWARE.includes(kind);

/**
 * Queues of a device. The device runs the commands of one queue one after another, and the three queues at the same time. A lock or a wipe
 * therefore never waits for a script, and an admin can collect the log while a script hangs.
 * - `prompt`: commands that end within seconds.
 * - `report`: commands that send or receive much data, which can take minutes.
 * - `change`: scripts and changes of software, which can take hours.
 */
export type CommandQueueName = 'prompt' | 'report' | 'change';

const TRANSFERS: readonly CommandKind[] = ['refresh-inventory', 'collect-logs', 'push-file', 'fetch-file'];

export function queueOf(kind: CommandKind): CommandQueueName {
  if (kind === 'run-script' || changesSoftware(kind)) return 'change';
  return TRANSFERS.includes(kind) ? 'report' : 'prompt';
}

/** Order in which a device runs the waiting commands of one queue: high before normal before low. */
export const PRIORITIES = ['low', 'normal', 'high'] as const;
export type Priority = (typeof PRIORITIES)[number];
export const prioritySchema = z.enum(PRIORITIES);

/**
 * Priority of a command whose job states none. Commands that protect data overtake the others of their queue, and a refresh waits for the
 * others.
 */
const PRIORITY_OF: Readonly<Record<CommandKind, Priority>> = {
  message: 'normal',
  'lock-workspace': 'high',
  'unlock-workspace': 'normal',
  'refresh-inventory': 'low',
  'restart-agent': 'normal',
  'restart-device': 'normal',
  'shut-down-device': 'normal',
  'collect-logs': 'normal',
  'push-file': 'normal',
  'fetch-file': 'normal',
  'run-script': 'normal',
  'change-software': 'normal',
  'roll-back-software': 'normal',
  'install-package': 'normal',
  'update-os': 'low',
  'wipe-workspace': 'high',
  unenroll: 'high',
};
export const priorityOf = (kind: CommandKind): Priority => PRIORITY_OF[kind];

/** Sorts by descending priority. */
export const byPriority = (a: Priority, b: Priority): number => PRIORITIES.indexOf(b) - PRIORITIES.indexOf(a);
