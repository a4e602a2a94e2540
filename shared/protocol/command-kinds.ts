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
  'run-script',
  'change-software',
  'roll-back-software',
  'install-package',
  'update-os',
  'wipe-workspace',
  'unenroll',
] as const;
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

/** Whether the command can take minutes. The agent runs such commands one at a time beside the others, so that a wipe does not wait. */
export const isSlow = (kind: CommandKind): boolean => kind === 'run-script' || changesSoftware(kind);

/** Order in which a device runs waiting commands: high before normal before low. */
export const PRIORITIES = ['low', 'normal', 'high'] as const;
export type Priority = (typeof PRIORITIES)[number];
export const prioritySchema = z.enum(PRIORITIES);

/** Priority of a command whose job states none. Commands that protect data overtake all others, and a refresh waits for all others. */
const PRIORITY_OF: Readonly<Record<CommandKind, Priority>> = {
  message: 'normal',
  'lock-workspace': 'high',
  'unlock-workspace': 'normal',
  'refresh-inventory': 'low',
  'restart-agent': 'normal',
  'restart-device': 'normal',
  'shut-down-device': 'normal',
  'collect-logs': 'normal',
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
