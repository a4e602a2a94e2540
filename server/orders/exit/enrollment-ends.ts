/**
 * Ends enrollments of devices under an exit, the phase of an order in which devices wipe work data. The server ends the enrollment of a
 * device that wiped its data, and of a silent device: one without a receipt about the exit for 30 days.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { EntryDraft } from '../../../shared/ledger/ledger-entry.ts';
import { withholdParticulars } from '../../../shared/ledger/withheld-particulars.ts';
import { newSalt } from '../../../shared/order/exemption.ts';
import { hasHomeOrSeatReason } from '../../../shared/order/exit.ts';
import type { Destroyed, ExitOutcome } from '../../../shared/pack/destruction.ts';
import { endDigest } from '../../../shared/pack/end-digest.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import type { Bus } from '../../bus/bus.ts';
import { slices } from '../impact/rehearsal.ts';
import type { DeniedDevice, ExitStore, HoldsPort, NewExit, Unfinished } from './exit-ports.ts';
import { SILENT_AFTER } from './exit-progress.ts';

/**
 * Milliseconds between two searches for silent devices, which sent no receipt about an order to wipe work data. Each search reads every
 * device that the order affects, so a search after every receipt would be too expensive.
 */
const SEEK_EVERY = 86_400_000;
const AT_ONCE = 100;
/**
 * Milliseconds until the server checks a device under a legal hold again. The check is periodic, because the notification of the legal
 * hold's end may be lost.
 */
const RECHECK_AFTER = 3_600_000;
/** CRL reason code cessationOfOperation (RFC 5280, section 5.3.1). */
const CESSATION = 5;

const entriesOf = ({ order, revision, device, outcome, at, salt }: NewExit, withheld: boolean) => ({
  revoked: (serial: string): EntryDraft<'certificate.revoked'> => ({
    kind: 'certificate.revoked',
    at,
    subject: device,
    public: { serial, reason: CESSATION },
  }),
  exited: (destroyed: Destroyed): EntryDraft<'order.exited' | 'order.executed'> => {
    const digest = endDigest({ outcome, at: new Date(at).toISOString(), destroyed, salt });
    const particulars = { order, revision, destroyed: digest };
    // The public ledger entry of a withheld order names neither the exit nor the device. The reader of an evidence pack verifies the entry
    // with the salt and details in the pack.
    return withheld
      ? { kind: 'order.executed', at, ...withholdParticulars(particulars) }
      : { kind: 'order.exited', at, subject: device, public: particulars };
  },
});

export interface EnrollmentEnds {
  /**
   * Ends the enrollments of devices that wiped their work data. If a legal hold delays one of the devices, returns the time of the next
   * check; otherwise null.
   */
  endWiped(order: string, revisions: readonly number[], now: Instant): Promise<Instant | null>;
  /** Ends the enrollments of silent devices. Returns the time of the next search. */
  endSilent(order: string, revision: number, now: Instant): Promise<Instant>;
}

export function createEnrollmentEnds(ports: {
  readonly store: ExitStore;
  readonly holds: HoldsPort;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly denied: (order: string, revision: number) => Promise<readonly DeniedDevice[]>;
  readonly withheld: (order: string, at: Instant) => boolean;
  readonly isStopped: () => boolean;
}): EnrollmentEnds {
  const { store, holds, clock, bus, isStopped } = ports;

  async function end(exit: Unfinished, outcome: ExitOutcome): Promise<void> {
    const dated: NewExit = { ...exit, outcome, at: clock.now(), salt: newSalt() };
    const destroyed = await store.finish(
      { ...dated, realAt: Date.now(), reason: CESSATION },
      entriesOf(dated, ports.withheld(exit.order, dated.at)),
    );
    if (!destroyed) return;
    bus.publish({ kind: 'ended', device: exit.device });
    bus.publish({ kind: 'receipts' });
  }

  async function endWiped(order: string, revisions: readonly number[], now: Instant): Promise<Instant | null> {
    let next: Instant | null = null;
    for (let after: DeviceId | null = null; !isStopped(); ) {
      const found: Unfinished[] = await store.wiped(order, revisions, after, AT_ONCE);
      if (found.length === 0) break;
      const underLegalHold = await holds.underLegalHold(found.map(({ device }) => device));
      for (const exit of found) {
        if (underLegalHold.has(exit.device)) next = now + RECHECK_AFTER;
        else await end(exit, 'wiped');
        await turn();
      }
      after = found.at(-1)?.device ?? null;
    }
    return next;
  }

  async function endSilent(order: string, revision: number, now: Instant): Promise<Instant> {
    let next = now + SEEK_EVERY;
    // Consider only the home area and legal seat of a silent device, because its location is unknown.
    const denied = (await ports.denied(order, revision)).filter(({ reasons }) => hasHomeOrSeatReason(reasons));
    const devices = denied.map(({ device }) => device);
    for (const some of slices(devices, AT_ONCE)) {
      if (isStopped()) return next;
      const awaited = await store.awaited(order, revision, some, now);
      const underLegalHold = await holds.underLegalHold(awaited.map(({ device }) => device));
      for (const { since, device, generation } of awaited) {
        if (now < since + SILENT_AFTER) next = Math.min(next, since + SILENT_AFTER);
        else if (underLegalHold.has(device)) next = Math.min(next, now + RECHECK_AFTER);
        else await end({ order, revision, device, generation }, 'silent');
        await turn();
      }
    }
    await store.forgetAwaited(order, revision, now);
    return next;
  }

  return { endWiped, endSilent };
}
