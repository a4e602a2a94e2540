/** In-memory copy of the ledger's continuations and of the current name of its log. Changes are stored first. */
import { continuedOrigin, originOf, originOrder } from '../../shared/ledger/checkpoint.ts';
import { parseContinuation } from '../../shared/ledger/continuation.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { type Envelope, type LedgerContinuation, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import type { RecoveryState } from './recovery-state.ts';

export interface ContinuationRow {
  /** Number of the log's new name. A later name has a higher number (`originOrder`). */
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
  /** The pending continuation and all adopted continuations, oldest first. */
  continuations(): Promise<ContinuationRow[]>;
  proposeContinuation(row: ContinuationRow): Promise<void>;
  signContinuation(row: Pick<ContinuationRow, 'digest' | 'signatures'>): Promise<void>;
  /**
   * Marks the pending continuation as adopted, and stores the recovery state and the ledger entry in the same transaction. Throws
   * `conflict` unless the ledger has `size` entries and the continuation is pending.
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

/** Number of the log's new name for a continuation that is proposed at the time `at`. */
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
