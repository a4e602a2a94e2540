/** Port of the time corrections to the store. */
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import type { Instant } from '../../shared/time/clock.ts';

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
