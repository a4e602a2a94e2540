/**
 * Exits on the server. The server ends a device's enrollment after the device's signed receipt that it wiped its work data, or after a
 * month without any answer. It then destroys the sealed messages and commands of the device. A legal hold stops both steps. All pending
 * work is in the store, so a crash only delays it.
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
  /** Requests a run, which ends the enrollments that are due. Callers use this after a change of orders or receipts. */
  request(): void;
  /** Ends all enrollments whose end is due. Never rejects. */
  run(): Promise<void>;
  /**
   * Progress of the order's exit. Null if the order has no active exit and no exit of it ended an enrollment. The result may be some
   * seconds old: it is cached, because it needs the data of all devices and several people watch it. Throws `not_found`.
   */
  progress(order: string): Promise<ExitProgress | null>;
  /** Progress of the order's exit, computed without the cache. */
  progressAnew(order: string): Promise<ExitProgress | null>;
  stop(): Promise<void>;
}

export function createExits(
  ports: ExitProgressPorts & {
    readonly bus: Bus;
    readonly log: Log;
    /** True if the order is withheld at the given time. */
    readonly withheld: (order: string, at: Instant) => boolean;
  },
): Exits {
  const { clock, bus, log } = ports;
  const { progress, progressAnew } = createExitProgress(ports);
  /** Time of the next search for silent devices, by order and revision. */
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
    // Include exits that approvers withdrew later. A device may have wiped its work data under such an exit, and the server then ends its
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
