/** Applies events to jobs in the transaction that stores their cause, so that a job's progress always agrees with its commands. */
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import { type JobPlan, releasedThrough, waveOf } from '../commands/job-plan.ts';
import { type Bucket, type JobEvent, type JobProgress, stepJob } from '../commands/job-step.ts';
import { storeAlerts } from './alert-rows.ts';
import type { Tx } from './database.ts';
import type { Schema } from './schema.ts';

/** Change of the command of one device in a job. `job`: null for a single command that belongs to no job. */
export interface Move {
  readonly job: string | null;
  readonly device: string;
  readonly from: Bucket;
  readonly to: Bucket;
}

export type Ended = Pick<Schema['commands'], 'request' | 'device_id'>;

/** Move of a command that ended without a result of its device. */
export const toLost = ({ request, device_id }: Ended): Move => ({
  job: request,
  device: device_id,
  from: 'open',
  to: 'lost',
});

export const planOf = ({ plan }: Pick<Schema['jobs'], 'plan'>): JobPlan => JSON.parse(plan);

export const progressOf = ({ state, progress }: Pick<Schema['jobs'], 'state' | 'progress'>): JobProgress => ({
  ...JSON.parse(progress),
  state,
});

/** Columns of `jobs` with a job's progress. */
export function progressColumns(
  plan: JobPlan,
  progress: JobProgress,
): Pick<Schema['jobs'], 'state' | 'released' | 'progress'> {
  const { state, ...counts } = progress;
  return { state, released: releasedThrough(plan, progress.released), progress: JSON.stringify(counts) };
}

/** Result of applied events: whether a wave of a job was released, and whether a job stopped. */
export interface Stepped {
  readonly released: boolean;
  readonly stopped: boolean;
}

const UNCHANGED: Stepped = { released: false, stopped: false };

export const bothSteps = (a: Stepped, b: Stepped): Stepped => ({
  released: a.released || b.released,
  stopped: a.stopped || b.stopped,
});

/** Counts changed commands in their jobs. This may stop or finish a job, or release its next wave. */
export async function stepJobs(tx: Tx, moves: readonly Move[], at: number): Promise<Stepped> {
  const events = Map.groupBy(
    moves.filter(({ job, from, to }) => job !== null && from !== to),
    ({ job }) => job,
  );
  const jobs = [...events.keys()].filter((job) => job !== null);
  if (jobs.length === 0) return UNCHANGED;
  const rows = await tx
    .selectFrom('jobs')
    .select(['id', 'state', 'plan', 'progress'])
    .where('id', 'in', jobs)
    .where('ended_at', 'is', null)
    .execute();
  let stepped = UNCHANGED;
  for (const row of rows) {
    const plan = planOf(row);
    const moved = (events.get(row.id) ?? []).map(
      ({ device, from, to }): JobEvent => ({ kind: 'moved', wave: waveOf(plan, deviceOf(device)), from, to }),
    );
    stepped = bothSteps(stepped, await applyEvents(tx, row, moved, at));
  }
  return stepped;
}

const deviceOf = (id: string): DeviceId => deviceIdSchema.parse(id);

/** Applies events to one job. `row`: the job, read in the same transaction. A job that stops raises an alert. */
export async function applyEvents(
  tx: Tx,
  row: Pick<Schema['jobs'], 'id' | 'state' | 'plan' | 'progress'>,
  events: readonly JobEvent[],
  at: number,
): Promise<Stepped> {
  const plan = planOf(row);
  const before = progressOf(row);
  const after = events.reduce((progress, event) => stepJob(plan, progress, event), before);
  if (after === before) return UNCHANGED;
  const released = after.released > before.released;
  await tx
    .updateTable('jobs')
    .set({
      ...progressColumns(plan, after),
      ...(released && { wake: 1 }),
      ...(after.state !== before.state && { changed_at: at, changed_by: null, reason: null }),
    })
    .where('id', '=', row.id)
    .execute();
  const stopped = after.state === 'stopped' && before.state !== 'stopped';
  if (stopped) {
    const detail = `The job ${row.id} stopped in wave ${after.released} of ${after.waves.length}, because its failure rate reached ${plan.stop?.percent} %. Look at its failures, then resume or abort it.`;
    await storeAlerts(tx, [{ at, device: null, code: 'job_stopped', detail }]);
  }
  return { released, stopped };
}
