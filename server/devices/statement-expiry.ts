/** Ends location statements at their end time. At its start, the server also ends those that expired while it did not run. */
import { Loop } from '../../shared/loops/loop.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import type { StatementStore } from './ports.ts';

const RETRY_AFTER = 60_000;

export interface StatementExpiryPorts {
  readonly store: StatementStore;
  readonly clock: Clock;
  /** Called after a device's location statement has ended. */
  readonly ended: (device: DeviceId) => Promise<void>;
}

export function createStatementExpiry({ store, clock, ended }: StatementExpiryPorts) {
  let loop: Loop | null = null;

  async function run(): Promise<Instant | null> {
    const now = clock.now();
    const devices = await store.expireStatements(now);
    for (const device of devices) await ended(device);
    // After a crash before this line, the next start repeats the update of these devices.
    if (devices.length > 0) await store.forgetStatements(now);
    return store.nextExpiry();
  }

  return {
    /** Schedules the end of a new location statement. */
    schedule: (at: Instant): void => loop?.requestAt(at),
    /** Starts the expiry of location statements. Returns the function that stops it. */
    start: async (failed: (error: unknown) => void): Promise<() => Promise<void>> => {
      const started = new Loop({ run, failed, clock, retryAfter: RETRY_AFTER });
      loop = started;
      await started.run();
      return () => started.stop();
    },
  };
}
