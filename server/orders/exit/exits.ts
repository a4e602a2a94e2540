/**
 * What an exit comes to at the server: the enrolment of each device that says, signed, that it has wiped itself is ended, and what is held for it is
 * destroyed; after a month of waiting for them the same of those that never answered. What a legal hold covers stays. It finds its work in the store and
 * never in memory, so that a kill delays and loses nothing.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { keepParticulars } from '../../../shared/ledger/kept-particulars.ts';
import type { LeafDraft } from '../../../shared/ledger/leaf.ts';
import { newSalt } from '../../../shared/order/exemption.ts';
import { belongs, isExit } from '../../../shared/order/exit.ts';
import type { AcceptedRevision } from '../../../shared/order/verify-list.ts';
import { type Destroyed, type ExitOutcome, sumOf } from '../../../shared/pack/destruction.ts';
import { endDigest } from '../../../shared/pack/end-digest.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import { inForce } from '../../../shared/verdict/evaluate.ts';
import type { OrderRule, Reason } from '../../../shared/verdict/terms.ts';
import type { Bus } from '../../bus/bus.ts';
import { briefly } from '../briefly.ts';
import { slices } from '../rehearsal.ts';

const DAY = 86_400_000;
/** Whom an exit reaches and who has not answered it for so long is taken to be gone. */
export const SILENT_AFTER = 30 * DAY;
/** It asks for all whom an order denies something; receipts, which are looked at as well, come in by thousands. */
const SEEK_EVERY = DAY;
const AT_ONCE = 100;
/** The wake of a released hold may have been lost. */
const AGAIN_AFTER = 3_600_000;
const RETRY_AFTER = 60_000;
/** Answers about progress that are kept. */
const KEPT = 50;

export interface ExitRow {
  readonly order: string;
  readonly revision: number;
  readonly device: DeviceId;
  readonly generation: number;
  readonly outcome: ExitOutcome;
  /** When the enrolment was ended and the data destroyed. */
  readonly at: Instant;
  readonly destroyed: Destroyed;
  /** For its hash in the ledger. */
  readonly salt: string;
}

export type NewExit = Omit<ExitRow, 'destroyed'>;

/** An enrolment that is to be ended. */
export type Unfinished = Pick<ExitRow, 'order' | 'revision' | 'device' | 'generation'>;

export interface Awaited extends Pick<NewExit, 'device' | 'generation'> {
  /** When the exit was first found to deny it something, by where it belongs, with no word from it; and so at each look from then on. */
  readonly since: Instant;
}

export interface ExitStore {
  /** By verified receipts of these revisions: enrolments that say they wiped themselves and are not finished, after `after`, by device. */
  wiped(order: string, revisions: readonly number[], after: DeviceId | null, limit: number): Promise<Unfinished[]>;
  /** Of these, the active ones that have said nothing of this revision or a later one. */
  unheard(
    order: string,
    revision: number,
    devices: readonly DeviceId[],
  ): Promise<Pick<NewExit, 'device' | 'generation'>[]>;
  /** The same, and writes down that the exit waits for them: since when, each enrolment anew. */
  awaited(order: string, revision: number, devices: readonly DeviceId[], at: Instant): Promise<Awaited[]>;
  /** The exit does not wait any more for whom it has not waited for at this time: who comes back to it begins anew. */
  forgetAwaited(order: string, revision: number, at: Instant): Promise<void>;
  /**
   * One transaction: the enrolment ends with its certificates, what is held for it goes, and the leaf says how much. Null when it was finished before, or
   * when another enrolment has taken its place.
   */
  finish(
    exit: NewExit & { readonly realAt: number; readonly reason: number },
    leaves: {
      readonly revoked: (serial: string) => LeafDraft<'certificate.revoked'>;
      readonly exited: (destroyed: Destroyed) => LeafDraft<'order.exited' | 'order.executed'>;
    },
  ): Promise<Destroyed | null>;
  /** In the order of the devices' ids. */
  exits(order: string): Promise<ExitRow[]>;
}

export interface AdoptedExit {
  readonly revision: number;
  readonly adoptedAt: Instant;
}

export interface DeniedDevice {
  readonly device: DeviceId;
  readonly reasons: readonly Reason[];
}

export interface HoldsPort {
  /** Those of them that are under a legal hold now. */
  held(devices: readonly DeviceId[]): Promise<ReadonlySet<DeviceId>>;
}

/** Of an exit that two people have approved. */
export interface ExitProgress {
  readonly revision: number;
  readonly adoptedAt: Instant;
  /** From when on devices that never answered are ended: those that it reached when it was approved, and others after a month of their own. */
  readonly silentAfter: Instant;
  readonly wiped: number;
  readonly silent: number;
  /** Denied by the order, and kept by a legal hold. */
  readonly held: number;
  /** Denied by the order and aware of the exit, which they have not carried out: a window of their own, or a doubt about where they are. */
  readonly waiting: number;
  /** Denied by the order, and not heard of since. */
  readonly unheard: number;
  readonly destroyed: Destroyed;
}

export interface Exits {
  /** Does what is to be done by now, and schedules the next time. Call it when orders or receipts have changed. */
  look(): Promise<void>;
  /** Null while the order has no exit in force and none was carried out. May be some seconds old: several people watch what asks for a whole fleet. */
  progress(order: string): Promise<ExitProgress | null>;
  /** Of this moment. */
  progressAnew(order: string): Promise<ExitProgress | null>;
  stop(): Promise<void>;
}

/** RFC 5280, section 5.3.1: cessationOfOperation. */
const CESSATION = 5;

export function createExits(ports: {
  readonly store: ExitStore;
  readonly holds: HoldsPort;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: { warn(fields: object, message: string): void };
  readonly accepted: () => ReadonlyMap<string, Pick<AcceptedRevision, 'revision'>>;
  readonly rules: () => readonly OrderRule[];
  /** Whether the order is kept from the public then. */
  readonly withheld: (order: string, at: Instant) => boolean;
  /** The exits of an order that were ever adopted, oldest first: what a device says of another revision is no exit. */
  readonly exitsOf: (order: string) => readonly AdoptedExit[];
  /** Whom the order denies something, were it in force now, and why. */
  readonly denied: (order: string, revision: number) => Promise<readonly DeniedDevice[]>;
}): Exits {
  const { store, holds, clock, bus, log } = ports;
  const brief = briefly<ExitProgress | null>({ lasting: 0, most: KEPT });
  /** When those that never answer are sought next, by order and revision. */
  const seekAt = new Map<string, Instant>();
  let cancel: () => void = () => undefined;
  let last: Promise<void> = Promise.resolve();
  let stopped = false;

  const leavesOf = ({ order, revision, device, outcome, at, salt }: NewExit) => ({
    revoked: (serial: string): LeafDraft<'certificate.revoked'> => ({
      ...{ kind: 'certificate.revoked', at, subject: device },
      public: { serial, reason: CESSATION },
    }),
    exited: (destroyed: Destroyed): LeafDraft<'order.exited' | 'order.executed'> => {
      const digest = endDigest({ outcome, at: new Date(at).toISOString(), destroyed, salt });
      const particulars = { order, revision, destroyed: digest };
      // Of what is kept from the public not even that it is an exit. A pack opens it, so the device does not stand in it.
      return ports.withheld(order, at)
        ? { kind: 'order.executed', at, ...keepParticulars(particulars) }
        : { kind: 'order.exited', at, subject: device, public: particulars };
    },
  });

  async function finish(exit: Unfinished, outcome: ExitOutcome): Promise<void> {
    const dated: NewExit = { ...exit, outcome, at: clock.now(), salt: newSalt() };
    const destroyed = await store.finish({ ...dated, realAt: Date.now(), reason: CESSATION }, leavesOf(dated));
    if (!destroyed) return;
    bus.publish({ kind: 'ended', device: exit.device });
    bus.publish({ kind: 'receipts' });
  }

  /** True when something is left to be done later than now: under a hold. */
  async function finishWiped(order: string, revisions: readonly number[]): Promise<boolean> {
    let kept = false;
    for (let after: DeviceId | null = null; !stopped; ) {
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

  /** When it is to be looked at again. */
  async function finishSilent(order: string, revision: number, now: Instant): Promise<Instant> {
    let next = now + SEEK_EVERY;
    // Of one that is silent nobody knows where it is: what counts is where it belongs.
    const belong = (await ports.denied(order, revision)).filter(({ reasons }) => belongs(reasons));
    for (const some of slices(
      belong.map(({ device }) => device),
      AT_ONCE,
    )) {
      if (stopped) return next;
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

  /** Devices judge so too: what is not in force denies nobody anything, and so ends nobody. */
  const isInForce = (order: string, now: Instant) =>
    ports.rules().some((rule) => rule.order === order && inForce(rule, now));

  const exitsInForce = (now: Instant) =>
    [...ports.accepted().values()].flatMap(({ revision: document }) => {
      const { order, revision } = document;
      const adopted = isExit(document) && ports.exitsOf(order).some((one) => one.revision === revision);
      return adopted && isInForce(order, now) ? [{ order, revision }] : [];
    });

  async function work(): Promise<void> {
    cancel();
    let next = Number.POSITIVE_INFINITY;
    const now = clock.now();
    // A device may have carried out what has been taken back since: it says so, and it is so.
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
    if (!stopped && Number.isFinite(next)) cancel = clock.at(next, () => void look());
  }

  function look(): Promise<void> {
    if (stopped) return last;
    last = last.then(work).catch((error: unknown) => {
      log.warn({ err: error }, 'an exit could not be finished; trying again');
      if (!stopped) cancel = clock.at(clock.now() + RETRY_AFTER, () => void look());
    });
    return last;
  }

  async function progressAnew(order: string): Promise<ExitProgress | null> {
    const document = ports.accepted().get(order)?.revision;
    const done = await store.exits(order);
    const newest = ports.exitsOf(order).at(-1);
    const stands = isInForce(order, clock.now());
    if (!newest || !document || (!(stands && isExit(document)) && done.length === 0)) return null;
    const { revision, adoptedAt } = newest;
    let [held, waiting, unheard] = [0, 0, 0];
    const denied = stands ? (await ports.denied(order, revision)).map(({ device }) => device) : [];
    for (const some of slices(denied, AT_ONCE)) {
      const kept = await holds.held(some);
      const silent = new Set((await store.unheard(order, revision, some)).map(({ device }) => device));
      for (const device of some) {
        if (kept.has(device)) held += 1;
        else if (silent.has(device)) unheard += 1;
        else waiting += 1;
      }
      await turn();
    }
    return {
      ...{ revision, adoptedAt, silentAfter: adoptedAt + SILENT_AFTER, held, waiting, unheard },
      wiped: done.filter(({ outcome }) => outcome === 'wiped').length,
      silent: done.filter(({ outcome }) => outcome === 'silent').length,
      destroyed: sumOf(done.map(({ destroyed }) => destroyed)),
    };
  }

  const unsubscribe = bus.subscribe(({ kind }) => {
    if (kind !== 'hold-released') return;
    seekAt.clear();
    void look();
  });

  return {
    look,
    progress: (order) => brief.get(order, () => progressAnew(order)),
    progressAnew,
    stop: async () => {
      stopped = true;
      unsubscribe();
      cancel();
      await last;
    },
  };
}
