/** Ends location statements when they expire. At its start, the server also ends statements that expired while the server was stopped. */
import { Loop } from '../../shared/loops/loop.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import type { StatementStore } from './ports.ts';

const RETRY_AFTER = 60_000;

export interface StatementExpiryPorts {
  readonly store: StatementStore;
  readonly clock: Clock;
  readonly ended: (device: DeviceId) => Promise<void>;
}

export function createStatementExpiry({ store, clock, ended }: StatementExpiryPorts) {
  let loop: Loop | null = null;

  async function run(): Promise<Instant | null> {
    const now = clock.now();
    const next = await store.nextExpiry();
    // No index contains the end of a statement, so each query reads all devices.
    if (next === null || next > now) return next;
    const devices = await store.expireStatements(now);
    for (const device of devices) await ended(device);
    // If the server crashes before `forgetStatements`, the next start calls `ended` for the same devices again.
    await store.forgetStatements(now);
    return store.nextExpiry();
  }

  return {
    schedule: (at: Instant): void => loop?.requestAt(at),
    start: async (failed: (error: unknown) => void): Promise<() => Promise<void>> => {
      const started = new Loop({ run, failed, clock, retryAfter: RETRY_AFTER });
      loop = started;
      await started.run();
      return () => started.stop();
    },
  };
}
