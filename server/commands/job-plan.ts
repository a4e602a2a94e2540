/** Plan of a job: waves, rules, retries and window, as the admin asked for them and as the store keeps them. */
import { CordonError } from '../../shared/errors.ts';
import { type CommandKind, destroysData, type Priority, priorityOf } from '../../shared/protocol/command-kinds.ts';
import type { CommandWindow } from '../../shared/protocol/command-window.ts';
import type { CommandId, DeviceId } from '../../shared/protocol/ids.ts';
import type { JobRules, StopRule } from './job-step.ts';

/** Size of one wave: a number of devices, or a percentage of all devices of the job. */
type WaveSize = { readonly count: number } | { readonly percent: number };

/** Attempts of a command on a device that reports a failure. The pause doubles after each attempt. */
interface RetryRule {
  /** Number of attempts on a device, including the first. */
  readonly attempts: number;
  /** Seconds from the first failure to the second attempt. */
  readonly backoff: number;
}

/** Options with which an admin issues a job. */
export interface JobOptions {
  readonly name?: string | undefined;
  readonly waves?: readonly WaveSize[] | undefined;
  readonly gate?: number | undefined;
  readonly stop?: StopRule | undefined;
  readonly retry?: RetryRule | undefined;
  readonly window?: CommandWindow | undefined;
  readonly priority?: Priority | undefined;
  /** Key of commands of which a device needs only the newest: the job cancels older queued commands with the same key on its devices. */
  readonly supersedes?: string | undefined;
  /** Job whose command a device must have completed before it gets the command of this job. */
  readonly after?: CommandId | undefined;
}

/** Rules of a job in the form in which the store keeps them. */
export interface JobPlan extends JobRules {
  /**
   * Last device of each wave except the last, in ascending order of the device ids. Device ids are random, so each wave is a random sample
   * of the devices. A device that joins later belongs to the wave between whose bounds its id is.
   */
  readonly bounds: readonly DeviceId[];
  readonly retry: RetryRule | null;
}

const DEFAULT_GATE = 90;
const LONGEST_BACKOFF = 86_400_000;

export interface PlannedJob {
  readonly plan: JobPlan;
  readonly sizes: readonly number[];
}

/** Divides the devices into waves. `devices`: devices that get the command, in ascending order. */
export function planJob(
  { waves = [], gate = DEFAULT_GATE, stop, retry }: JobOptions,
  joins: boolean,
  devices: readonly DeviceId[],
): PlannedJob {
  const bounds: DeviceId[] = [];
  const sizes: number[] = [];
  let from = 0;
  for (const wave of waves) {
    const wanted = 'count' in wave ? wave.count : Math.ceil((devices.length * wave.percent) / 100);
    const last = devices[from + wanted - 1];
    // The loop ends when this wave covers all remaining devices.
    if (last === undefined || from + wanted >= devices.length) break;
    bounds.push(last);
    sizes.push(wanted);
    from += wanted;
  }
  sizes.push(devices.length - from);
  return { plan: { bounds, gate, stop: stop ?? null, retry: retry ?? null, joins }, sizes };
}

/** Index of the wave to which the device belongs. */
export function waveOf({ bounds }: Pick<JobPlan, 'bounds'>, device: DeviceId): number {
  const wave = bounds.findIndex((bound) => device <= bound);
  return wave < 0 ? bounds.length : wave;
}

/** Greatest id of the devices in the first `released` waves. `~` is greater than all ids. */
export const releasedThrough = ({ bounds }: Pick<JobPlan, 'bounds'>, released: number): string =>
  bounds[released - 1] ?? '~';

/** Time of the next attempt after the failure of attempt number `attempt`. Null if no attempt is left before the expiry. */
export function nextAttemptAt(
  retry: RetryRule | null,
  { attempt, now, expiresAt }: { readonly attempt: number; readonly now: number; readonly expiresAt: number },
): number | null {
  if (retry === null || attempt >= retry.attempts) return null;
  const at = now + Math.min(LONGEST_BACKOFF, retry.backoff * 1000 * 2 ** (attempt - 1));
  return at < expiresAt ? at : null;
}

/** Throws `invalid_input` for options that the kind of command does not allow. */
export function requireOptions(kind: CommandKind, { retry, priority }: JobOptions, joins: boolean): void {
  const refuse = (field: string, detail: string) => {
    throw new CordonError('invalid_input', detail, { field });
  };
  if (kind === 'run-script' && retry) {
    refuse(
      'retry',
      'The server does not repeat a script, because it may have run in part. Run it again after a failure.',
    );
  }
  if (!destroysData(kind)) return;
  if (joins) {
    refuse(
      'joiners',
      'Devices cannot join a job that destroys data, because nobody has confirmed them. Send it to a list of devices.',
    );
  }
  if (retry)
    refuse('retry', 'The server does not repeat a command that destroys data. Send the command again after a failure.');
  if (priority !== undefined && priority !== priorityOf(kind)) {
    refuse('priority', 'A command that destroys data always has a high priority.');
  }
}
