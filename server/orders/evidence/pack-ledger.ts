/** Ledger files of an evidence pack: entries with inclusion proofs, and checkpoints with consistency proofs (RFC 6962). */
import { readLedgerContinuation } from '../../../shared/order/ledger-continuation.ts';
import { CHECKPOINT, CONTINUATIONS, ENTRIES, GROWTH } from '../../../shared/pack/format.ts';
import type { Ledger, StoredCheckpoint } from '../../ledger/ledger.ts';
import { json, type PackFile } from './pack-file.ts';
import type { Snapshot } from './pack-snapshot.ts';

export interface CheckpointStore {
  checkpointOver(index: number): Promise<StoredCheckpoint | null>;
}

const base64 = (hashes: readonly Buffer[]): string[] => hashes.map((hash) => hash.toString('base64'));

export async function* ledgerFiles(
  { ledger, store }: { readonly ledger: Pick<Ledger, 'proveEntries' | 'proveGrowth'>; readonly store: CheckpointStore },
  { entries, continuations, checkpoint: { size, note: checkpoint } }: Snapshot,
  since: StoredCheckpoint | null,
): AsyncGenerator<PackFile> {
  const indexes = entries.map(({ index }) => index);
  const { entries: proved } = await ledger.proveEntries(indexes, size);
  const decided = entries.filter(
    ({ entry: { kind }, particulars: { destroyed } }) =>
      kind === 'order.adopted' || (kind === 'order.executed' && destroyed === undefined),
  );
  const older = new Map<number, string>();
  if (since && since.size < size) older.set(since.size, since.note);
  // A continuation renames the ledger after a loss of entries. For each continuation, find the index of the last entry under the previous
  // name. The operator signed the checkpoint up to this entry under the previous name.
  const forks = continuations.map((envelope) => ({ index: readLedgerContinuation(envelope).fork.size - 1 }));
  for (const { index } of [...decided, ...forks]) {
    const then = await store.checkpointOver(index);
    if (then && then.size < size) older.set(then.size, then.note);
  }
  const growth = [];
  for (const [then, note] of older) {
    growth.push({ checkpoint: note, proof: base64((await ledger.proveGrowth(then, size)).proof) });
  }
  yield [CHECKPOINT, Buffer.from(checkpoint)];
  const openings = new Map(entries.map(({ index, opening }) => [index, opening]));
  yield [
    ENTRIES,
    json(
      proved.map(({ index, body, proof }) => {
        const opening = openings.get(index);
        return { index, body: body.toString('utf8'), proof: base64(proof), ...(opening && { opening }) };
      }),
    ),
  ];
  yield [GROWTH, json(growth)];
  if (continuations.length > 0) yield [CONTINUATIONS, json(continuations)];
}
