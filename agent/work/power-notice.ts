/** Countdowns before a restart or shutdown of the machine. Pure decisions, and the file that keeps the countdown and the user's choice. */
import { readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { syncFolder, writeSynced } from '../../shared/durable-file.ts';
import { POWER_KINDS, type PowerKind } from '../../shared/power/power-action.ts';
import { type CommandId, commandIdSchema } from '../../shared/protocol/ids.ts';

const MINUTE = 60_000;
/**
 * Milliseconds after the end of a countdown from which the agent begins a new countdown. The machine was asleep, so its user saw nothing of
 * the old countdown.
 */
const LATE = 10 * MINUTE;

const noticeSchema = z.strictObject({
  command: commandIdSchema,
  kind: z.enum(POWER_KINDS),
  minutes: z.int().min(1),
  /** Time of the restart or shutdown, by the machine's clock, in Unix milliseconds. */
  startsAt: z.int(),
  /** True after the user has delayed the restart or shutdown, which is possible once. */
  delayed: z.boolean(),
  /** Boot identifier of the system at the start of the countdown. */
  boot: z.string(),
});
export type PowerNotice = z.infer<typeof noticeSchema>;

/** Fields of a waiting command that decide about its countdown. */
export interface CountedCommand {
  readonly id: CommandId;
  readonly kind: PowerKind;
  readonly minutes: number;
  readonly expires: number;
  /** True if the window of the command is open. False while the command waits for its window. */
  readonly open: boolean;
}

/**
 * Computes the countdown after the user has delayed it by its own length. Null if the user has already delayed it once, or if it has ended.
 */
export function delayedNotice(notice: PowerNotice, now: number): PowerNotice | null {
  if (notice.delayed || now >= notice.startsAt) return null;
  return { ...notice, delayed: true, startsAt: notice.startsAt + notice.minutes * MINUTE };
}

/** True if the user saw this countdown: it runs, or it ended a short time ago. */
const isFresh = (notice: PowerNotice, now: number): boolean => now - notice.startsAt <= LATE;

/**
 * Decision about a waiting command. `due`: the agent runs the command, which includes the report of an expiry. `begin`: a new countdown
 * starts. `wait`: the countdown runs, or may not start yet. `notice`: countdown of this command; null if none runs.
 */
export function decide(
  { expires, open }: Pick<CountedCommand, 'expires' | 'open'>,
  notice: PowerNotice | null,
  boot: string,
  now: number,
): 'due' | 'begin' | 'wait' {
  // The machine has restarted since the countdown began, so the restart is already done. The command runs at once and reports this.
  if (notice && notice.boot !== boot) return 'due';
  if (notice && isFresh(notice, now)) return now >= notice.startsAt ? 'due' : 'wait';
  if (now >= expires) return 'due';
  return open ? 'begin' : 'wait';
}

export interface PowerNotices {
  /** The running countdown; null if none runs. */
  current(): PowerNotice | null;
  /**
   * True if the command may run. Starts the countdown of a new command. `isWaiting`: true for a command that the device has not finished.
   * One countdown runs at a time.
   */
  isDue(command: CountedCommand, isWaiting: (command: CommandId) => boolean, now: number): boolean;
  /** True if the countdown of the command began before the expiry of the command, so the expiry no longer applies. */
  isCounted(command: CommandId, now: number): boolean;
  /** True if the machine has started again since the countdown of the command began. */
  hasRebooted(command: CommandId): boolean;
  startNow(now: number): PowerNotice | null;
  delay(now: number): PowerNotice | null;
  /** Forgets the countdown of a command that has finished. */
  finished(command: CommandId): void;
}

/** Opens the countdowns that are stored in `file`. `announce`: displays a countdown to the user. */
export function openPowerNotices(
  file: string,
  { boot, announce }: { readonly boot: string; readonly announce: (notice: PowerNotice) => void },
): PowerNotices {
  const current = () => readNotice(file);
  const noticeOf = (command: CommandId) => {
    const notice = current();
    return notice?.command === command ? notice : null;
  };
  const store = (notice: PowerNotice): PowerNotice => {
    writeSynced(`${file}.new`, JSON.stringify(notice), 'w');
    renameSync(`${file}.new`, file);
    syncFolder(dirname(file));
    return notice;
  };
  return {
    current,
    isDue(command, isWaiting, now) {
      const { id, kind, minutes, expires } = command;
      const other = current();
      if (other && other.command !== id && isWaiting(other.command)) return now >= expires;
      const notice = noticeOf(id);
      const decision = decide(command, notice, boot, now);
      if (decision === 'begin') {
        const startsAt = now + minutes * MINUTE;
        announce(store({ command: id, kind, minutes, startsAt, delayed: notice?.delayed ?? false, boot }));
      }
      return decision === 'due';
    },
    isCounted(command, now) {
      const notice = noticeOf(command);
      return notice !== null && (notice.boot !== boot || isFresh(notice, now));
    },
    hasRebooted(command) {
      const notice = noticeOf(command);
      return notice !== null && notice.boot !== boot;
    },
    startNow(now) {
      const notice = current();
      return notice && store({ ...notice, startsAt: Math.min(notice.startsAt, now) });
    },
    delay(now) {
      const notice = current();
      const next = notice && delayedNotice(notice, now);
      return next && store(next);
    },
    finished(command) {
      if (noticeOf(command)) rmSync(file, { force: true });
    },
  };
}

/** Reads the stored countdown. Also returns null for a damaged file, so that the countdown begins again. */
function readNotice(file: string): PowerNotice | null {
  try {
    return noticeSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}
