/** Kinds of commands for many devices, by the rights of the admin, and the options that a job with each kind allows. */
import { isPowerKind } from '../../../../shared/power/power-action.ts';
import { type CommandKind, changesSoftware, destroysData } from '../../../../shared/protocol/command-kinds.ts';
import type { useMay } from '../../client/session.tsx';
import { DIALOG_KINDS } from '../../words/commands.ts';

type May = ReturnType<typeof useMay>;

function isAllowed(kind: CommandKind, may: May): boolean {
  if (kind === 'run-script') return may('scripts.run') && may('scripts.list');
  if (kind === 'push-file') return may('commands.push-file') && may('files.list');
  if (destroysData(kind)) return may('commands.destroy');
  if (changesSoftware(kind)) return may('commands.change-software');
  return !isPowerKind(kind) || may('commands.power');
}

export const offeredKinds = (may: May): CommandKind[] => DIALOG_KINDS.filter((kind) => isAllowed(kind, may));

/** Kinds whose devices a person must have seen: no device may join the job later. */
const NO_JOINERS: ReadonlySet<CommandKind> = new Set(['lock-workspace', 'run-script', 'push-file']);
export const allowsJoiners = (kind: CommandKind): boolean =>
  !NO_JOINERS.has(kind) && !changesSoftware(kind) && !isPowerKind(kind) && !destroysData(kind);

/** The server never repeats a script or a command that destroys data, because a second run may do more than the first. */
export const allowsRetry = (kind: CommandKind): boolean => kind !== 'run-script' && !destroysData(kind);
