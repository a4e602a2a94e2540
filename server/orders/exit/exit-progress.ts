/**
 * Progress of an order's exit (the phase in which devices wipe work data): numbers of ended enrollments, and of devices that the order
 * still blocks.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { isExit } from '../../../shared/order/exit.ts';
import type { AcceptedRevision } from '../../../shared/order/verify-list.ts';
import { type Destroyed, sumOf } from '../../../shared/pack/destruction.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import { inForce } from '../../../shared/verdict/evaluate.ts';
import type { OrderRule } from '../../../shared/verdict/terms.ts';
import { orderOf } from '../adoption/stored-orders.ts';
import { createCache } from '../cache.ts';
import { slices } from '../impact/rehearsal.ts';
import type { OrderStore } from '../ports.ts';
import type { AdoptedExit, DeniedDevice, ExitStore, HoldsPort } from './exit-ports.ts';

/**
 * Milliseconds for which the server waits for a device's receipt about an order to wipe work data. After this time, the server ends the
 * device's enrollment.
 */
export const SILENT_AFTER = 30 * 86_400_000;
const AT_ONCE = 500;
const MOST_CACHED = 50;

export interface ExitProgress {
  readonly revision: number;
  readonly adoptedAt: Instant;
  /**
   * Earliest time at which the server ends the enrollment of a silent device. Such a device has sent no receipt about the order that wipes
   * its work data. If the order starts to affect a device later, the waiting time of this device starts later.
   */
  readonly silentAfter: Instant;
  readonly wiped: number;
  readonly silent: number;
  readonly held: number;
  /**
   * Number of blocked devices that sent a receipt about an order to wipe work data but have not wiped the data. Either their users can
   * still export data, or the location of the device is uncertain.
   */
  readonly waiting: number;
  readonly unanswered: number;
  readonly destroyed: Destroyed;
}

export interface ExitProgressPorts {
  readonly store: ExitStore;
  readonly orders: Pick<OrderStore, 'order'>;
  readonly holds: HoldsPort;
  readonly clock: Clock;
  readonly accepted: () => ReadonlyMap<string, Pick<AcceptedRevision, 'revision'>>;
  readonly rules: () => readonly OrderRule[];
  readonly exitsOf: (order: string) => readonly AdoptedExit[];
  readonly denied: (order: string, revision: number) => Promise<readonly DeniedDevice[]>;
}

/**
 * Checks whether a given order is active now. Only an active order lets the server end the enrollments of devices that sent no receipt
 * about the order.
 */
export const isActive = (rules: readonly OrderRule[], order: string, now: Instant): boolean =>
  rules.some((rule) => rule.order === order && inForce(rule, now));

export function createExitProgress(ports: ExitProgressPorts) {
  const { store, orders, holds, clock, accepted, rules, exitsOf, denied: deniedBy } = ports;
  const cache = createCache<ExitProgress | null>({ lasting: 0, most: MOST_CACHED });

  async function progressAnew(order: string): Promise<ExitProgress | null> {
    const document = accepted().get(order)?.revision;
    const done = await store.exits(order);
    const newest = exitsOf(order).at(-1);
    const active = isActive(rules(), order, clock.now());
    if (!newest || !document || (!(active && isExit(document)) && done.length === 0)) return null;
    const { revision, adoptedAt } = newest;
    return {
      revision,
      adoptedAt,
      silentAfter: adoptedAt + SILENT_AFTER,
      ...(await openDevices(order, revision, active)),
      wiped: done.filter(({ outcome }) => outcome === 'wiped').length,
      silent: done.filter(({ outcome }) => outcome === 'silent').length,
      destroyed: sumOf(done.map(({ destroyed }) => destroyed)),
    };
  }

  async function openDevices(order: string, revision: number, active: boolean) {
    const counts = { held: 0, waiting: 0, unanswered: 0 };
    if (!active) return counts;
    const denied = await deniedBy(order, revision);
    // A single search for all devices with a receipt costs less than a search for each blocked device.
    const reporting = await store.reportingDevices(order, revision);
    for (const some of slices(denied, AT_ONCE)) {
      const devices = some.map(({ device }) => device);
      const underLegalHold = await holds.underLegalHold(devices);
      for (const device of devices) {
        counts[underLegalHold.has(device) ? 'held' : reporting.has(device) ? 'waiting' : 'unanswered'] += 1;
      }
      await turn();
    }
    return counts;
  }

  return {
    progress: async (order: string) => {
      await orderOf(orders, order);
      return cache.get(order, () => progressAnew(order));
    },
    progressAnew,
  };
}
