/**
 * Exits on the server. The server ends a device's enrollment and destroys its sealed messages and commands after the device's signed
 * receipt that it wiped its work data, or after a month without an answer. A legal hold stops both. All pending work is in the store, so a
 * crash only delays it.
 */
import { Loop } from '../../../shared/loops/loop.ts';
import { isExit } from '../../../shared/order/exit.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import type { Bus } from '../../bus/bus.ts';
import type { Log } from '../ports.ts';
import { createEnrollmentEnds } from './enrollment-ends.ts';
import { createExitProgress, type ExitProgress, type ExitProgressPorts, isActive } from './exit-progress.ts';

const RETRY_AFTER = 60_000;

export interface Exits {
  request(): void;
  /** Ends all enrollments that are due. Never rejects. */
  run(): Promise<void>;
  /**
   * Progress of the order's exit. Null if the order has no active exit and no exit ended an enrollment. The result is cached for some
   * seconds, because its computation reads all devices. Throws `not_found` for an unknown order.
   */
  progress(order: string): Promise<ExitProgress | null>;
  progressAnew(order: string): Promise<ExitProgress | null>;
  stop(): Promise<void>;
}

export function createExits(
  ports: ExitProgressPorts & {
    readonly bus: Bus;
    readonly log: Log;
    readonly withheld: (order: string, at: Instant) => boolean;
  },
): Exits {
  const { clock, bus, log } = ports;
  const { progress, progressAnew } = createExitProgress(ports);
  /** Time of the next search for silent devices (devices that never answered the exit), by order and revision. */
  const seekAt = new Map<string, Instant>();

  const ends = createEnrollmentEnds({ ...ports, isStopped: () => loop.stopped });

  const activeExits = (now: Instant) =>
    [...ports.accepted().values()].flatMap(({ revision: document }) => {
      const { order, revision } = document;
      const adopted = isExit(document) && ports.exitsOf(order).some((one) => one.revision === revision);
      return adopted && isActive(ports.rules(), order, now) ? [{ order, revision }] : [];
    });

  async function endAll(): Promise<Instant | null> {
    let next = Number.POSITIVE_INFINITY;
    const now = clock.now();
    // Include exits that approvers withdrew later, because a device may already have wiped its work data. The server then ends its
    // enrollment too.
    for (const order of ports.accepted().keys()) {
      const revisions = ports.exitsOf(order).map(({ revision }) => revision);
      const again = revisions.length > 0 ? await ends.endWiped(order, revisions, now) : null;
      if (again !== null) next = Math.min(next, again);
    }
    for (const { order, revision } of activeExits(now)) {
      const exit = `${order} ${revision}`;
      const due = seekAt.get(exit) ?? now;
      if (due <= now) seekAt.set(exit, await ends.endSilent(order, revision, now));
      next = Math.min(next, seekAt.get(exit) ?? next);
    }
    return Number.isFinite(next) ? next : null;
  }

  const loop = new Loop({
    run: endAll,
    clock,
    retryAfter: RETRY_AFTER,
    failed: (error) => log.warn({ err: error }, 'An exit could not be finished. The server tries again.'),
  });

  const unsubscribe = bus.subscribe(({ kind }) => {
    if (kind !== 'hold-released') return;
    seekAt.clear();
    loop.request();
  });

  return {
    request: () => loop.request(),
    run: () => loop.run(),
    progress,
    progressAnew,
    stop: async () => {
      unsubscribe();
      await loop.stop();
    },
  };
}
