/** Ports of the transparency report and its signed statement. */
import type { RefusalReason } from '../../shared/disclosure/refusal-reasons.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { PersonId } from '../../shared/protocol/ids.ts';
import type { Interval } from './ended-months.ts';

export interface StatementSignature {
  readonly person: PersonId;
  readonly keyid: string;
  readonly publicKey: string;
  /** Relying party id of a passkey; null for a key in a file or browser. */
  readonly rpId: string | null;
  readonly sig: string;
  readonly at: number;
}

export interface StatementRow {
  readonly digest: string;
  readonly payload: string;
  readonly state: 'pending' | 'adopted';
  readonly proposedAt: number;
  readonly adoptedAt: number | null;
  readonly expiresAt: number;
  readonly signatures: readonly StatementSignature[];
  /** Index of the statement's ledger entry; null until the ledger has numbered the entry. */
  readonly entryIndex: number | null;
}

export interface MonthCounts {
  readonly received: number;
  readonly answered: number;
  /** Number of different accounts with a production in this month. */
  readonly accounts: number;
  readonly refused: ReadonlyMap<RefusalReason, number>;
}

export interface TransparencyStore {
  /** Counts of each month, in the order of `months`. */
  counts(months: readonly Interval[]): Promise<readonly MonthCounts[]>;
  /** Number of requests that were received before a time, and neither produced nor refused before it. */
  pendingAt(time: number): Promise<number>;
  /** Statements, newest first. */
  statements(): Promise<StatementRow[]>;
  /** Stores a pending statement, and removes an earlier pending one. */
  proposeStatement(row: Pick<StatementRow, 'digest' | 'payload' | 'proposedAt' | 'expiresAt'>): Promise<void>;
  /** Adds a signature. With an entry, also adopts the statement. Throws `conflict` if the statement is no longer pending. */
  signStatement(
    digest: string,
    signature: StatementSignature,
    adopted: EntryDraft<'transparency.stated'> | null,
  ): Promise<void>;
}

/** A public order with the times at which it took effect and ended, oldest first. */
export interface OrderHistory {
  readonly areas: readonly string[];
  readonly services: readonly string[];
  readonly executions: readonly { readonly state: 'active' | 'inactive'; readonly at: number }[];
}

export interface OrdersPort {
  /** Public orders, and the number of withheld orders, whose times are not public. */
  history(): Promise<{ readonly orders: readonly OrderHistory[]; readonly withheld: number }>;
}

export interface ProofPort {
  readonly verifierKey: string;
  proveEntry(index: number): Promise<{ body: Buffer; proof: Buffer[]; checkpoint: string }>;
}
