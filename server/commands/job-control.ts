/** Control of jobs: pause, resume and abort, and the announcement of devices to which the server may now send a command. */
import { CordonError } from '../../shared/errors.ts';
import { createBatcher } from '../../shared/loops/batcher.ts';
import type { CommandId, DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import type { JobControl, StopRule } from './job-step.ts';
import type { JobStore } from './ports.ts';

/** Maximum number of devices in one notification, and in one database statement. */
const SLICE = 500;

export interface JobControlPorts {
  readonly jobs: Pick<JobStore, 'control' | 'requestCancel' | 'takeReleased' | 'takeDue' | 'join'>;
  readonly bus: Bus;
  /** Server clock, which decides about the times in device filters. */
  readonly clock: Clock;
  readonly now: () => number;
}

export interface ControlRequest {
  readonly by: string;
  readonly reason: string | null;
  /** New rule that stops the job; null for no such rule, undefined to keep the present rule. */
  readonly stop?: StopRule | null | undefined;
}

export type JobControls = ReturnType<typeof createJobControl>;

export function createJobControl({ jobs, bus, clock, now }: JobControlPorts) {
  /**
   * Notifies the devices of jobs whose next wave was released. The store keeps the mark of the release until then, so a crash only delays
   * the notification.
   */
  async function announceReleased(): Promise<void> {
    for (const job of await jobs.takeReleased()) bus.publish({ kind: 'job', job });
  }

  /**
   * Pauses, resumes or aborts a job. Throws `not_found` for an unknown job, and `job_ended` if the job has already ended. An abortion also
   * asks the devices to cancel the commands that they have stored and not started.
   */
  async function control(
    job: CommandId,
    action: Exclude<JobControl, 'expire'>,
    { by, reason, stop }: ControlRequest,
  ): Promise<void> {
    const at = now();
    const changed = await jobs.control(job, action, { at, by, reason, ...(stop !== undefined && { stop }) });
    if (!changed) throw new CordonError('not_found', 'There is no such job.', { id: job });
    if (changed.refused) {
      const detail = `The job is ${changed.before}, so it is too late to ${action} it.`;
      throw new CordonError('job_ended', detail, { id: job, state: changed.before });
    }
    bus.publish({ kind: 'results' });
    await announceReleased();
    if (action !== 'abort') return;
    for (;;) {
      const devices = await jobs.requestCancel(job, at, SLICE);
      if (devices.length > 0) bus.publish({ kind: 'commands', devices });
      if (devices.length < SLICE) return;
    }
  }

  const joining = createBatcher(async (devices: readonly DeviceId[]) => {
    const joined = await jobs.join(devices, { real: now(), domain: clock.now() });
    return new Map([...joined].map((device) => [device, true]));
  });

  return {
    control,

    announceReleased,

    /** Notifies devices about all commands that have become due: attempts after a pause, and waves that were released before a crash. */
    async announceDue(): Promise<void> {
      await announceReleased();
      for (;;) {
        const devices = await jobs.takeDue(now(), SLICE);
        if (devices.length > 0) bus.publish({ kind: 'commands', devices });
        if (devices.length < SLICE) return;
      }
    },

    /** Adds the device to the jobs that it may join. Returns true if it has joined a job. */
    join: async (device: DeviceId): Promise<boolean> => (await joining(device)) ?? false,
  };
}
