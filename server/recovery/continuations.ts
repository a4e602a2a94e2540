/**
 * In-memory copy of the ledger's current name and of its continuations (decisions by which a ledger that lost entries goes on under a new
 * name). A change is written to the store first.
 */
import { continuedOrigin, originOf, originOrder } from '../../shared/ledger/checkpoint.ts';
import { parseContinuation } from '../../shared/ledger/continuation.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { type Envelope, type LedgerContinuation, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import type { RecoveryState } from './recovery-state.ts';

export interface ContinuationRow {
  /** Position of the ledger's new name among all names that the ledger has had (`originOrder`). A later name has a higher position. */
  readonly number: number;
  readonly digest: string;
  readonly payload: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
  readonly state: 'waiting' | 'adopted';
  readonly proposedAt: number;
  readonly proposedBy: string;
  readonly adoptedAt: number | null;
}

export interface ContinuationStore {
  /**
   * The pending continuation of the ledger and all adopted ones, oldest first. With a continuation, a ledger that lost entries goes on
   * under a new name.
   */
  continuations(): Promise<ContinuationRow[]>;
  proposeContinuation(row: ContinuationRow): Promise<void>;
  signContinuation(row: Pick<ContinuationRow, 'digest' | 'signatures'>): Promise<void>;
  /**
   * Marks the pending decision to continue the ledger under a new name as adopted, because enough approvers signed it. The same transaction
   * stores the server's recovery state and a ledger entry. Throws `conflict` if the ledger does not have `size` entries, or if the decision
   * is no longer pending.
   */
  adoptContinuation(
    row: ContinuationRow,
    size: number,
    state: RecoveryState,
    entry: EntryDraft<'ledger.continued'>,
  ): Promise<void>;
}

export interface Continuations {
  origin(): string;
  /** Adopted continuations, oldest first. */
  adopted(): readonly Envelope[];
  documents(): readonly LedgerContinuation[];
  rows(): readonly ContinuationRow[];
  propose(row: ContinuationRow): Promise<void>;
  sign(row: ContinuationRow): Promise<void>;
  adopt: ContinuationStore['adoptContinuation'];
}

export const continuationEnvelope = ({
  payload,
  signatures,
}: Pick<ContinuationRow, 'payload' | 'signatures'>): Envelope => ({
  payloadType: PAYLOAD_TYPES.ledgerContinuation,
  payload: Buffer.from(payload).toString('base64'),
  signatures: [...signatures],
});

/**
 * Returns the number (`ContinuationRow.number`) of a ledger name that is proposed at the time `at`. The number consists of the digits of
 * this time, so later names have higher numbers.
 */
export const numberAt = (installation: string, at: number): number =>
  originOrder(installation, continuedOrigin(installation, at)) ?? 0;

export async function openContinuations(store: ContinuationStore, installation: string): Promise<Continuations> {
  let rows: readonly ContinuationRow[] = await store.continuations();
  const adopted = () => rows.filter(({ state }) => state === 'adopted');
  const documents = () => adopted().map(({ payload }) => parseContinuation(new TextEncoder().encode(payload)));
  const replace = (row: ContinuationRow) => {
    rows = rows.map((each) => (each.digest === row.digest ? row : each));
  };
  return {
    origin: () => documents().at(-1)?.newOrigin ?? originOf(installation),
    adopted: () => adopted().map(continuationEnvelope),
    documents,
    rows: () => rows,
    async propose(row) {
      await store.proposeContinuation(row);
      rows = [...adopted(), row];
    },
    async sign(row) {
      await store.signContinuation(row);
      replace(row);
    },
    async adopt(row, ...rest) {
      await store.adoptContinuation(row, ...rest);
      replace(row);
    },
  };
}
