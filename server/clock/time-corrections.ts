/**
 * Time corrections on the server. The server verifies a time correction by the same rules as devices, stores it with a ledger entry, and
 * sends it to devices. The server signs no time correction.
 */
import { CordonError } from '../../shared/errors.ts';
import { type ApproverSet, readApproverSet } from '../../shared/order/approvers.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import { verifyTimeCorrection } from '../../shared/order/time-correction.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { createTimeCorrectionProposals, type TimeCorrectionProposals } from './time-correction-proposals.ts';
import type { StoredCorrection, TimeCorrectionStore } from './time-correction-store.ts';

const MOST_LISTED = 100;

export interface TimeCorrections extends TimeCorrectionProposals {
  list(): Promise<StoredCorrection[]>;
  newest(): Envelope | null;
  publish(envelope: Envelope, account: string): Promise<StoredCorrection>;
}

export async function openTimeCorrections(ports: {
  readonly store: TimeCorrectionStore;
  readonly approverSets: {
    envelopes(): readonly Envelope[];
    people(): Promise<{ canonical(person: string): string }>;
  };
  readonly clock: Clock;
  readonly bus: Bus;
}): Promise<TimeCorrections> {
  const { store, approverSets, clock, bus } = ports;
  let [newest = null] = await store.corrections(1);
  const nextVersion = () => (newest?.version ?? 0) + 1;

  function approverSet(): ApproverSet {
    const set = approverSets.envelopes().at(-1);
    if (!set) throw new CordonError('approvers_required', 'There is no approver set yet.');
    return readApproverSet(set);
  }

  async function publish(envelope: Envelope, account: string): Promise<StoredCorrection> {
    const correction = verifyTimeCorrection(envelope, approverSet());
    const next = nextVersion();
    if (correction.version !== next) {
      throw new CordonError(
        'conflict',
        `The next time correction must have version ${next}, not ${correction.version}.`,
      );
    }
    const stored = { version: next, envelope, publishedAt: clock.now(), publishedBy: account };
    await store.addCorrection(stored, {
      kind: 'time.corrected',
      at: stored.publishedAt,
      subject: null,
      public: {
        version: next,
        digest: sha256(Buffer.from(envelope.payload, 'base64')),
        from: Date.parse(correction.from),
        until: Date.parse(correction.until),
      },
    });
    newest = stored;
    bus.publish({ kind: 'time-correction' });
    return stored;
  }

  const canonical = async () => (await approverSets.people()).canonical;
  return {
    ...createTimeCorrectionProposals({
      store,
      approverSet,
      canonical,
      nextVersion,
      publish,
      clock,
      bus,
    }),
    list: () => store.corrections(MOST_LISTED),
    newest: () => newest?.envelope ?? null,
    publish,
  };
}
