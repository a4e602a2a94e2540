export const COMMAND_KINDS = [
  'message',
  'lock-workspace',
  'unlock-workspace',
  'refresh-inventory',
  'restart-agent',
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
  'wipe-workspace': true,
  unenroll: true,
};
export const destroysData = (kind: CommandKind): boolean => DESTROYS_DATA[kind];
