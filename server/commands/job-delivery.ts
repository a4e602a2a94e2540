/** Reads a job page by page for the delivery of its command to connected devices. */
import { MOST_UNLOCK_SHARES } from '../../shared/protocol/frames.ts';
import type { CommandId, DeviceId } from '../../shared/protocol/ids.ts';
import { commandIdFor } from './command-id-for.ts';
import type { JobMember, JobStore, OpenJob } from './ports.ts';
import { jobShare, type UnlockShareStore } from './unlock-shares.ts';

/** Number of devices in one page. The server does other work between two pages. */
const PAGE = 512;

export interface JobCommand {
  readonly id: CommandId;
  /** Server's parts (shares) of the workspace key in a lock or unlock command; null for all other commands. */
  readonly shares: readonly string[] | null;
}

export interface JobDeliveryPorts {
  readonly jobs: Pick<JobStore, 'open' | 'waiting'>;
  readonly shares: Pick<UnlockShareStore, 'sharesOf'>;
  readonly now: () => number;
}

export function createJobDelivery({ jobs, shares, now }: JobDeliveryPorts) {
  return {
    /** Returns the job if some of its devices may still get the command, and otherwise null. */
    openJob: (id: CommandId): Promise<OpenJob | null> => jobs.open(id, now()),

    /**
     * Returns the next devices that have reported nothing about the job's command. The list is empty after the last device, and when the
     * job has ended.
     */
    waitingFor: (job: CommandId, after: DeviceId | null): Promise<JobMember[]> => jobs.waiting(job, after, PAGE, now()),

    /** Returns the command for each of the given devices, in the sequence of the devices. */
    async commandsOf(
      { id: job, command, lockSecret }: OpenJob,
      members: readonly Pick<JobMember, 'device'>[],
    ): Promise<JobCommand[]> {
      const ids = members.map(({ device }) => commandIdFor(job, device));
      if (lockSecret !== null) return ids.map((id) => ({ id, shares: [jobShare(lockSecret, id)] }));
      if (command.kind !== 'unlock-workspace') return ids.map((id) => ({ id, shares: null }));
      const found = await Promise.all(members.map(({ device }) => shares.sharesOf(device, MOST_UNLOCK_SHARES)));
      return ids.map((id, index) => ({ id, shares: found[index] ?? [] }));
    },
  };
}
