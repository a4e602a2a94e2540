/**
 * Server part of an order's exit (the phase in which devices wipe work data). After a receipt of the wipe, or a month without a receipt,
 * the server ends a device's enrollment and deletes its messages and commands. A legal hold prevents this. All pending work is stored, so a
 * crash only delays the work.
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
  /**
   * Ends the enrollment of each device that wiped its work data for an order, or sent no receipt about the order for 30 days. Never
   * rejects, because errors are only logged.
   */
  run(): Promise<void>;
  /**
   * Progress of the order's exit (the phase in which devices wipe work data). Null if no exit is active and no enrollment has ended by an
   * exit. The result is cached for a short time, because its computation reads all devices. Throws `not_found` for an unknown order.
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
  /**
   * Time of the next search for devices that sent no receipt about an order to wipe work data. The key consists of the number and the
   * revision of the order.
   */
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
      const recheckAt = revisions.length > 0 ? await ends.endWiped(order, revisions, now) : null;
      if (recheckAt !== null) next = Math.min(next, recheckAt);
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
