/**
 * Whom an order denied something when it came into force, each revision that did. An evidence pack that asks years later would find whoever is there
 * then, and never those who travelled, left or were exempted before they answered. Written down in slices; a kill leaves a revision that is not
 * whole, which is done again at the next start, with whoever is there by then added.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import { inForce } from '../../shared/verdict/evaluate.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';
import type { Log } from './ports.ts';
import { slices } from './rehearsal.ts';

/** Devices in one transaction: others write between two of them. */
const SLICE = 500;
const RETRY_AFTER = 60_000;

export interface ReachStore {
  reachIsWhole(order: string, revision: number): Promise<boolean>;
  /** Those that the order has reached before keep the revision that did. */
  recordReached(order: string, revision: number, devices: readonly DeviceId[]): Promise<void>;
  recordWhole(order: string, revision: number, at: Instant): Promise<void>;
  /** By id, behind `after`. */
  reachedBefore(order: string, after: DeviceId | null, limit: number): Promise<DeviceId[]>;
}

export interface Reach {
  /** Writes down what is not written yet. Call it when an order may have come into force. */
  look(): Promise<void>;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

export function createReach(ports: {
  readonly store: Omit<ReachStore, 'reachedBefore'>;
  readonly clock: Clock;
  readonly rules: () => readonly OrderRule[];
  /** Whom the revision denies something now. */
  readonly denied: (order: string, revision: number) => Promise<readonly { readonly device: DeviceId }[]>;
  readonly log: Log;
}): Reach {
  const { store, clock, rules, denied, log } = ports;
  let cancel: () => void = () => undefined;
  let last: Promise<void> = Promise.resolve();
  let stopped = false;

  async function record(): Promise<void> {
    for (const rule of rules()) {
      const { order, revision } = rule;
      if (stopped || !inForce(rule, clock.now()) || (await store.reachIsWhole(order, revision))) continue;
      for (const some of slices(await denied(order, revision), SLICE)) {
        if (stopped) return;
        await store.recordReached(
          order,
          revision,
          some.map(({ device }) => device),
        );
        await turn();
      }
      await store.recordWhole(order, revision, clock.now());
    }
  }

  function look(): Promise<void> {
    if (stopped) return last;
    last = last.then(record).catch((error: unknown) => {
      log.warn({ err: error }, 'whom an order reaches could not be written down; trying again');
      cancel();
      if (!stopped) cancel = clock.at(clock.now() + RETRY_AFTER, () => void look());
    });
    return last;
  }

  return {
    look,
    stop: async () => {
      stopped = true;
      cancel();
      await last;
    },
  };
}
