/**
 * Exits on the server. After a device's signed receipt that it wiped its work data, or after a month without any answer, the server ends
 * the device's enrollment. The server then destroys the sealed messages and commands of the device. A legal hold stops both steps. The
 * store has all the work, so a crash only delays it.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { keepParticulars } from '../../../shared/ledger/kept-particulars.ts';
import type { EntryDraft } from '../../../shared/ledger/ledger-entry.ts';
import { Loop } from '../../../shared/loops/loop.ts';
import { newSalt } from '../../../shared/order/exemption.ts';
import { belongs, isExit } from '../../../shared/order/exit.ts';
import type { Destroyed, ExitOutcome } from '../../../shared/pack/destruction.ts';
import { endDigest } from '../../../shared/pack/end-digest.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import type { Bus } from '../../bus/bus.ts';
import { slices } from '../impact/rehearsal.ts';
import type { Log } from '../ports.ts';
import type { NewExit, Unfinished } from './exit-ports.ts';
import {
  createExitProgress,
  type ExitProgress,
  type ExitProgressPorts,
  isActive,
  SILENT_AFTER,
} from './exit-progress.ts';

const DAY = 86_400_000;
/**
 * Milliseconds between two searches for silent devices. A search reads every device that an order affects, and thousands of receipts can
 * arrive at the same time.
 */
const SEEK_EVERY = DAY;
const AT_ONCE = 100;
/** Milliseconds until the next check of a device under a legal hold, because the wake after the end of the hold may be lost. */
const AGAIN_AFTER = 3_600_000;
const RETRY_AFTER = 60_000;

export interface Exits {
  /** Requests a run, which ends the enrollments that are due. Call it when orders or receipts have changed. */
  request(): void;
  /** Ends the enrollments that are due. Never rejects. */
  run(): Promise<void>;
  /**
   * Progress of the order's exit. Null if the order has no active exit and no exit ended an enrollment. The result can be some seconds old,
   * because it reads a whole fleet and several people watch it. Throws `not_found`.
   */
  progress(order: string): Promise<ExitProgress | null>;
  /** Progress of the order's exit, without the cache. */
  progressAnew(order: string): Promise<ExitProgress | null>;
  stop(): Promise<void>;
}

/** CRL reason code cessationOfOperation (RFC 5280, section 5.3.1). */
const CESSATION = 5;

const entriesOf = ({ order, revision, device, outcome, at, salt }: NewExit, withheld: boolean) => ({
  revoked: (serial: string): EntryDraft<'certificate.revoked'> => ({
    ...{ kind: 'certificate.revoked', at, subject: device },
    public: { serial, reason: CESSATION },
  }),
  exited: (destroyed: Destroyed): EntryDraft<'order.exited' | 'order.executed'> => {
    const digest = endDigest({ outcome, at: new Date(at).toISOString(), destroyed, salt });
    const particulars = { order, revision, destroyed: digest };
    // The ledger entry of a withheld order names neither the exit nor the device. An evidence pack contains the opening of the entry.
    return withheld
      ? { kind: 'order.executed', at, ...keepParticulars(particulars) }
      : { kind: 'order.exited', at, subject: device, public: particulars };
  },
});

export function createExits(
  ports: ExitProgressPorts & {
    readonly bus: Bus;
    readonly log: Log;
    /** True if the order is withheld at the given time. */
    readonly withheld: (order: string, at: Instant) => boolean;
  },
): Exits {
  const { store, holds, clock, bus, log } = ports;
  const { progress, progressAnew } = createExitProgress(ports);
  /** Time of the next search for silent devices, by order and revision. */
  const seekAt = new Map<string, Instant>();

  async function finish(exit: Unfinished, outcome: ExitOutcome): Promise<void> {
    const dated: NewExit = { ...exit, outcome, at: clock.now(), salt: newSalt() };
    const destroyed = await store.finish(
      { ...dated, realAt: Date.now(), reason: CESSATION },
      entriesOf(dated, ports.withheld(exit.order, dated.at)),
    );
    if (!destroyed) return;
    bus.publish({ kind: 'ended', device: exit.device });
    bus.publish({ kind: 'receipts' });
  }

  /** Ends the enrollments of devices that wiped. Returns true if a legal hold delays part of the work. */
  async function finishWiped(order: string, revisions: readonly number[]): Promise<boolean> {
    let kept = false;
    for (let after: DeviceId | null = null; !loop.stopped; ) {
      const found: Unfinished[] = await store.wiped(order, revisions, after, AT_ONCE);
      if (found.length === 0) break;
      const held = await holds.held(found.map(({ device }) => device));
      for (const exit of found) {
        if (held.has(exit.device)) kept = true;
        else await finish(exit, 'wiped');
        await turn();
      }
      after = found.at(-1)?.device ?? null;
    }
    return kept;
  }

  /** Ends the enrollments of silent devices. Returns the time of the next search. */
  async function finishSilent(order: string, revision: number, now: Instant): Promise<Instant> {
    let next = now + SEEK_EVERY;
    // Only the home area and seat of a silent device count, because its location is unknown.
    const belong = (await ports.denied(order, revision)).filter(({ reasons }) => belongs(reasons));
    for (const some of slices(
      belong.map(({ device }) => device),
      AT_ONCE,
    )) {
      if (loop.stopped) return next;
      const awaited = await store.awaited(order, revision, some, now);
      const held = await holds.held(awaited.map(({ device }) => device));
      for (const { since, device, generation } of awaited) {
        if (now < since + SILENT_AFTER) next = Math.min(next, since + SILENT_AFTER);
        else if (held.has(device)) next = Math.min(next, now + AGAIN_AFTER);
        else await finish({ order, revision, device, generation }, 'silent');
        await turn();
      }
    }
    await store.forgetAwaited(order, revision, now);
    return next;
  }

  const exitsInForce = (now: Instant) =>
    [...ports.accepted().values()].flatMap(({ revision: document }) => {
      const { order, revision } = document;
      const adopted = isExit(document) && ports.exitsOf(order).some((one) => one.revision === revision);
      return adopted && isActive(ports.rules(), order, now) ? [{ order, revision }] : [];
    });

  async function endAll(): Promise<Instant | null> {
    let next = Number.POSITIVE_INFINITY;
    const now = clock.now();
    // A device may have wiped its data under an exit that approvers withdrew later. The server ends its enrollment too.
    for (const order of ports.accepted().keys()) {
      const revisions = ports.exitsOf(order).map(({ revision }) => revision);
      if (revisions.length > 0 && (await finishWiped(order, revisions))) next = now + AGAIN_AFTER;
    }
    for (const { order, revision } of exitsInForce(now)) {
      const exit = `${order} ${revision}`;
      const due = seekAt.get(exit) ?? now;
      if (due <= now) seekAt.set(exit, await finishSilent(order, revision, now));
      next = Math.min(next, seekAt.get(exit) ?? next);
    }
    return Number.isFinite(next) ? next : null;
  }

  const loop = new Loop({
    ...{ run: endAll, clock, retryAfter: RETRY_AFTER },
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
