/** Choice of the command that the device runs next. */
import { byPriority, type Priority, priorityOf } from '../../shared/protocol/command-kinds.ts';
import { type CommandWindow, isOpen } from '../../shared/protocol/command-window.ts';
import type { Command } from '../../shared/protocol/frames.ts';

/** Fields of an unfinished command that decide when it runs. */
interface Waiting {
  readonly command: Pick<Command, 'kind'>;
  readonly expires: number;
  readonly priority?: Priority | undefined;
  readonly window?: CommandWindow | undefined;
  readonly started: boolean;
}

/**
 * Command to run at `now` (Unix milliseconds): the one with the highest priority, and among these the oldest. Null if no command may run
 * now. A command waits until its window opens, but a started command runs again after a crash, and an expired command ends at once.
 * `unfinished`: commands in the sequence of arrival.
 */
export function chooseCommand<Unfinished extends Waiting>(
  unfinished: readonly Unfinished[],
  now: number,
): Unfinished | null {
  const ready = unfinished.filter(
    ({ started, expires, window }) => started || now >= expires || window === undefined || isOpen(window, now),
  );
  const priority = ({ priority: chosen, command }: Unfinished) => chosen ?? priorityOf(command.kind);
  const [next = null] = ready.toSorted((a, b) => byPriority(priority(a), priority(b)));
  return next;
}
