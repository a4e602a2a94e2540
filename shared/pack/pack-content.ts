/** Parts of a pack that one check has read and later checks use. */
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
  /** Public particulars, or withheld ones that the pack opens. */
  readonly particulars: LedgerEntry['public'];
}

export interface Logged {
  readonly checkpoint: Checkpoint;
  /** Proved entries, in ledger order. */
  readonly entries: readonly LoggedEntry[];
  /** Checkpoints whose trees are proved prefixes of the pack's tree. */
  readonly earlier: readonly Checkpoint[];
  /** Continuations from the ledger's first name to the checkpoint's name. */
  readonly continuations: readonly SignedContinuation[];
}
