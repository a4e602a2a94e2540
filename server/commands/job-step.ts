/**
 * Decisions about a job as one pure function: it computes the next progress from the job's rules, its progress and one event. The store
 * applies each event in the transaction that stores the event's cause, so the function sees each change of a device's command exactly once.
 */
import type { CommandState } from './lifecycle.ts';

export const JOB_STATES = ['running', 'paused', 'stopped', 'finished', 'aborted', 'expired'] as const;
/** State of a job. `stopped`: the server stopped the job because too many devices failed. `paused`: an admin paused the job. */
export type JobState = (typeof JOB_STATES)[number];

/** Failure rate that stops a job. The server compares the rate after `minimum` results, and before each wave after the first. */
export interface StopRule {
  readonly percent: number;
  readonly minimum: number;
}

export interface JobRules {
  /** Percentage of a wave's devices that must be settled before the server releases the next wave. */
  readonly gate: number;
  readonly stop: StopRule | null;
  /** Whether devices may join the job later. Such a job runs until it expires. */
  readonly joins: boolean;
}

/** Devices of a wave by the result of the command. `lost`: expired or canceled. The remaining devices are open. */
interface WaveCount {
  readonly devices: number;
  readonly done: number;
  readonly failed: number;
  readonly lost: number;
}

export interface JobProgress {
  readonly state: JobState;
  /** Number of waves whose devices get the command. */
  readonly released: number;
  readonly waves: readonly WaveCount[];
  /** Results that existed when the last wave was released or the job was last resumed. The failure rate counts only later results. */
  readonly since: { readonly done: number; readonly failed: number };
}

export type Bucket = 'open' | 'done' | 'failed' | 'lost';

/** Event that changes a job as a whole: the request of an admin, or the job's expiry. */
export type JobControl = 'pause' | 'resume' | 'abort' | 'expire';

export type JobEvent =
  | { readonly kind: 'moved'; readonly wave: number; readonly from: Bucket; readonly to: Bucket }
  | { readonly kind: 'joined'; readonly wave: number }
  | { readonly kind: JobControl };

const CONTROLS: Readonly<Record<JobState, Readonly<Record<JobControl, JobState | 'refuse'>>>> = {
  running: { pause: 'paused', resume: 'running', abort: 'aborted', expire: 'expired' },
  paused: { pause: 'paused', resume: 'running', abort: 'aborted', expire: 'expired' },
  stopped: { pause: 'stopped', resume: 'running', abort: 'aborted', expire: 'expired' },
  finished: { pause: 'refuse', resume: 'refuse', abort: 'refuse', expire: 'finished' },
  aborted: { pause: 'refuse', resume: 'refuse', abort: 'aborted', expire: 'aborted' },
  expired: { pause: 'refuse', resume: 'refuse', abort: 'refuse', expire: 'expired' },
};

/** State of a job after a control, or `refuse` if the job has already ended in another way. */
export const controlled = (state: JobState, control: JobControl): JobState | 'refuse' => CONTROLS[state][control];

export const hasEnded = (state: JobState): boolean =>
  state === 'finished' || state === 'aborted' || state === 'expired';

const BUCKETS: Readonly<Record<CommandState, Bucket>> = {
  queued: 'open',
  stored: 'open',
  done: 'done',
  failed: 'failed',
  expired: 'lost',
  canceled: 'lost',
};
export const bucketOf = (state: CommandState): Bucket => BUCKETS[state];

/** Progress of a new job with waves of the given sizes. The first wave is released at once. */
export function newProgress(rules: JobRules, sizes: readonly number[]): JobProgress {
  const waves = sizes.map((devices) => ({ devices, done: 0, failed: 0, lost: 0 }));
  return decide(rules, { state: 'running', released: 1, waves, since: { done: 0, failed: 0 } });
}

/** Next progress of a job. A job that has ended never changes, and no event withdraws a released wave. */
export function stepJob(rules: JobRules, progress: JobProgress, event: JobEvent): JobProgress {
  switch (event.kind) {
    case 'moved':
      if (hasEnded(progress.state) || event.from === event.to) return progress;
      return decide(rules, { ...progress, waves: moved(progress.waves, event) });
    case 'joined':
      if (hasEnded(progress.state)) return progress;
      return {
        ...progress,
        waves: changed(progress.waves, event.wave, (wave) => ({ ...wave, devices: wave.devices + 1 })),
      };
    default: {
      const state = controlled(progress.state, event.kind);
      if (state === 'refuse' || state === progress.state) return progress;
      if (event.kind !== 'resume') return { ...progress, state };
      return decide(rules, { ...progress, state, since: resultsOf(progress.waves) });
    }
  }
}

/** Ends, stops or continues a job after its counts have changed. */
function decide({ gate, stop, joins }: JobRules, progress: JobProgress): JobProgress {
  let { state, released, since } = progress;
  const { waves } = progress;
  if (!joins && waves.every((wave) => settledOf(wave) >= wave.devices)) {
    return { ...progress, state: 'finished', released: waves.length };
  }
  const total = resultsOf(waves);
  while (state === 'running') {
    const failed = total.failed - since.failed;
    const results = total.done - since.done + failed;
    const exceeded = stop !== null && failed > 0 && failed * 100 >= stop.percent * results;
    const current = waves[released - 1];
    const complete =
      released < waves.length && current !== undefined && settledOf(current) * 100 >= gate * current.devices;
    if (exceeded && (complete || results >= stop.minimum)) state = 'stopped';
    else if (!complete) break;
    else {
      released += 1;
      since = total;
    }
  }
  return { ...progress, state, released, since };
}

const settledOf = ({ done, failed, lost }: WaveCount): number => done + failed + lost;

function resultsOf(waves: readonly WaveCount[]): JobProgress['since'] {
  let [done, failed] = [0, 0];
  for (const wave of waves) {
    done += wave.done;
    failed += wave.failed;
  }
  return { done, failed };
}

function moved(waves: readonly WaveCount[], { wave, from, to }: Extract<JobEvent, { kind: 'moved' }>): WaveCount[] {
  return changed(waves, wave, (count) => ({
    ...count,
    ...(from !== 'open' && { [from]: count[from] - 1 }),
    ...(to !== 'open' && { [to]: count[to] + 1 }),
  }));
}

const changed = (waves: readonly WaveCount[], at: number, change: (wave: WaveCount) => WaveCount): WaveCount[] =>
  waves.map((wave, index) => (index === at ? change(wave) : wave));
