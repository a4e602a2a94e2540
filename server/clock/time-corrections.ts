/**
 * Time corrections on the server. The server verifies a time correction by the same rules as devices, stores it with a ledger entry, and
 * sends it to devices. The server signs no time correction.
 */
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { type ApproverSet, readApproverSet } from '../../shared/order/approvers.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import { verifyTimeCorrection } from '../../shared/order/time-correction.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { createTimeCorrectionProposals, type TimeCorrectionProposals } from './time-correction-proposals.ts';

export interface StoredCorrection {
  readonly version: number;
  readonly envelope: Envelope;
  readonly publishedAt: Instant;
  readonly publishedBy: string;
}

/** Time correction that approvers can sign on the server, each with an own key or passkey. */
export interface StoredProposal {
  readonly digest: string;
  readonly payload: string;
  readonly signatures: Envelope['signatures'];
  readonly proposedAt: Instant;
  readonly proposedBy: string;
}

export interface TimeCorrectionStore {
  corrections(limit: number): Promise<StoredCorrection[]>;
  /**
   * Stores the time correction and its ledger entry in one transaction, and deletes the pending proposal. Throws `conflict` if the store has
   * a time correction with the same version.
   */
  addCorrection(correction: StoredCorrection, entry: EntryDraft<'time.corrected'>): Promise<void>;
  proposal(): Promise<StoredProposal | null>;
  /** Stores a proposal, which replaces the pending one and its signatures. */
  propose(proposal: StoredProposal): Promise<void>;
  /** Adds a signature, which replaces an earlier one of the same key. Null if the proposal is no longer pending. */
  addSignature(digest: string, signature: Envelope['signatures'][number]): Promise<StoredProposal | null>;
}

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
