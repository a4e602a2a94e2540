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
  /** Details of the ledger entry: the public ones, or the withheld ones that the evidence pack reveals. */
  readonly particulars: LedgerEntry['public'];
}

export interface Logged {
  readonly checkpoint: Checkpoint;
  /** Proved ledger entries, in ledger order. */
  readonly entries: readonly LoggedEntry[];
  /** Earlier checkpoints of the ledger. The pack proves that the ledger still contains their entries unchanged. */
  readonly earlier: readonly Checkpoint[];
  /** Signed statements that gave the ledger a new name after a loss of entries, from the first name to the name in the checkpoint. */
  readonly continuations: readonly SignedContinuation[];
}
