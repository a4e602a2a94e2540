/**
 * Records of the devices that each revision affected when it took effect. An evidence pack needs them to find devices that later left,
 * moved or became exempt. The server writes the records in slices. After a crash, the next start completes them.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { Loop } from '../../../shared/loops/loop.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Clock } from '../../../shared/time/clock.ts';
import { inForce } from '../../../shared/verdict/evaluate.ts';
import type { OrderRule } from '../../../shared/verdict/terms.ts';
import { slices } from '../impact/rehearsal.ts';
import type { Log } from '../ports.ts';

/** Maximum number of devices in one transaction. Other writers can use the store between two transactions. */
const SLICE = 500;
const RETRY_AFTER = 60_000;

export interface AffectedDeviceStore {
  affectedAreComplete(order: string, revision: number): Promise<boolean>;
  /** Records devices that a revision affects. A device that an earlier revision affected keeps the number of that revision. */
  recordAffected(order: string, revision: number, devices: readonly DeviceId[]): Promise<void>;
  recordComplete(order: string, revision: number): Promise<void>;
  /** Recorded affected devices with ids above `after`, sorted by id. */
  recordedAffected(order: string, after: DeviceId | null, limit: number): Promise<DeviceId[]>;
}

/** Creates the loop that records affected devices. Request a run when an order may have taken effect. */
export function createAffectedDevices(ports: {
  readonly store: Omit<AffectedDeviceStore, 'recordedAffected'>;
  readonly clock: Clock;
  readonly rules: () => readonly OrderRule[];
  /**
   * Devices to which the revision denies a service now. If the location of an offline device has expired, its last known location counts.
   */
  readonly denied: (order: string, revision: number) => Promise<readonly { readonly device: DeviceId }[]>;
  readonly log: Log;
}): Loop {
  const { store, clock, rules, denied, log } = ports;

  async function record(loop: Loop): Promise<void> {
    for (const rule of rules()) {
      const { order, revision } = rule;
      if (loop.stopped || !inForce(rule, clock.now()) || (await store.affectedAreComplete(order, revision))) continue;
      for (const some of slices(await denied(order, revision), SLICE)) {
        if (loop.stopped) return;
        await store.recordAffected(
          order,
          revision,
          some.map(({ device }) => device),
        );
        await turn();
      }
      await store.recordComplete(order, revision);
    }
  }

  return new Loop({
    run: record,
    clock,
    retryAfter: RETRY_AFTER,
    failed: (error) =>
      log.warn({ err: error }, 'Affected devices of an order could not be recorded. The server tries again.'),
  });
}
