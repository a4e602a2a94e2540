/**
 * Running changes of many devices, for the display of their progress. A change runs inside its request in steps. The list is only in
 * memory: after a crash, the steps before it stay done, and the admin repeats the request for the devices that are left.
 */
import { CordonError } from '../../shared/errors.ts';
import type { AccountId } from '../../shared/protocol/ids.ts';

/** Maximum number of changes that run at once. Each keeps the ids of its devices in memory. */
const MOST_RUNNING = 4;
/** A change of fewer devices ends in a moment, so it is not listed and has no limit. */
const FEW = 1_000;

export interface RunningChange {
  readonly action: string;
  readonly devices: number;
  readonly done: number;
  readonly startedAt: number;
}

export type Advance = (done: number) => void;

export function createBulkChanges(now: () => number = Date.now) {
  const running = new Set<RunningChange & { done: number; readonly accounts: readonly (AccountId | null)[] }>();

  return {
    /** Runs a change. `accounts`: the admin and the second person. `work` reports the number of devices that are done. */
    async run<Result>(
      {
        action,
        devices,
        accounts,
      }: Pick<RunningChange, 'action' | 'devices'> & { readonly accounts: readonly (AccountId | null)[] },
      work: (advance: Advance) => Promise<Result>,
    ): Promise<Result> {
      if (devices <= FEW) return work(() => undefined);
      if (running.size >= MOST_RUNNING) {
        const detail = `${running.size} changes of many devices are running. Try again when one of them has ended.`;
        throw new CordonError('unavailable', detail, { retryAfter: 30 });
      }
      const change = { action, devices, accounts, done: 0, startedAt: now() };
      running.add(change);
      try {
        return await work((done) => {
          change.done += done;
        });
      } finally {
        running.delete(change);
      }
    },

    /** Running changes of an account, and those that it confirmed as the second person. */
    of: (account: AccountId): readonly RunningChange[] =>
      [...running]
        .filter(({ accounts }) => accounts.includes(account))
        .map(({ action, devices, done, startedAt }) => ({ action, devices, done, startedAt })),
  };
}
