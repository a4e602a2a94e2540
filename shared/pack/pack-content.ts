/** Parts of an evidence pack that one check has verified and later checks use. */
import type { SignedContinuation } from '../ledger/check-continuations.ts';
import type { Checkpoint } from '../ledger/checkpoint.ts';
import type { LedgerEntry } from '../ledger/ledger-entry.ts';
import type { Envelope, Revision } from '../order/documents.ts';

export interface PackRevision {
  readonly number: number;
  readonly revision: Revision;
  readonly digest: string;
  readonly envelope: Envelope;
}

export interface LoggedEntry {
  readonly index: number;
  readonly entry: LedgerEntry;
  /** Details of a ledger entry. If the public ledger withholds the details, they come from the evidence pack, which reveals them. */
  readonly particulars: LedgerEntry['public'];
}

export interface Logged {
  readonly checkpoint: Checkpoint;
  /** Ledger entries with a valid inclusion proof in the evidence pack, in ledger order. */
  readonly entries: readonly LoggedEntry[];
  /** Earlier checkpoints of the ledger. The evidence pack proves that the newest ledger still contains their entries unchanged. */
  readonly earlier: readonly Checkpoint[];
  /**
   * Signed statements by which approvers continued the ledger under a new name after a loss of entries. The statements lead from the
   * ledger's first name to the name in `checkpoint`.
   */
  readonly continuations: readonly SignedContinuation[];
}
