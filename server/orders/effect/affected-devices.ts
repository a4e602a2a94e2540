/**
 * Records which devices each revision affected when it took effect. Evidence packs need these records to include devices that later left,
 * moved or became exempt. If a crash interrupts the writing, the next start of the server completes it.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { Loop } from '../../../shared/loops/loop.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Clock } from '../../../shared/time/clock.ts';
import { inForce } from '../../../shared/verdict/evaluate.ts';
import type { OrderRule } from '../../../shared/verdict/terms.ts';
import { slices } from '../impact/rehearsal.ts';
import type { Log } from '../ports.ts';

/** Maximum number of devices in one transaction, so that other writers can use the store between two transactions. */
const SLICE = 500;
const RETRY_AFTER = 60_000;

export interface AffectedDeviceStore {
  affectedAreComplete(order: string, revision: number): Promise<boolean>;
  /**
   * Records the devices that a revision affects. If an earlier revision already affected a device, the device keeps the number of the
   * earlier revision.
   */
  recordAffected(order: string, revision: number, devices: readonly DeviceId[]): Promise<void>;
  recordComplete(order: string, revision: number): Promise<void>;
  recordedAffected(order: string, after: DeviceId | null, limit: number): Promise<DeviceId[]>;
}

export function createAffectedDevices(ports: {
  readonly store: Omit<AffectedDeviceStore, 'recordedAffected'>;
  readonly clock: Clock;
  readonly rules: () => readonly OrderRule[];
  /**
   * Returns the devices for which a revision of an order currently denies a service. An offline device is included by its last known
   * location, even an expired one.
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
