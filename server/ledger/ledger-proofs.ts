/**
 * Inclusion proofs of ledger entries, and consistency proofs between two trees of the ledger. The functions are for the server itself.
 * Auditors compute their own proofs from the ledger's tiles.
 */
import { CordonError } from '../../shared/errors.ts';
import { consistencyProof, type HashSource, inclusionProof, inclusionProofs } from '../../shared/ledger/merkle.ts';
import { encodeBundle, entriesOfBundle, nodesOfTile, TILE_WIDTH, type TileId } from '../../shared/ledger/tiles.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import { readLedgerContinuation } from '../../shared/order/ledger-continuation.ts';

export interface StoredCheckpoint {
  readonly size: number;
  readonly note: string;
}

export interface EntryStore {
  /** Hashes of subtrees. Rejects with `not_found` for a subtree that is incomplete in the newest checkpoint's tree. */
  readonly hashes: HashSource;
  /** Bytes of the ledger entries from index `from` (inclusive) to index `to` (exclusive). */
  entries(from: number, to: number): Promise<Buffer[]>;
  /** Bytes of ledger entries by index. Unknown indexes are absent from the result. */
  entriesAt(indexes: readonly number[]): Promise<ReadonlyMap<number, Buffer>>;
}

export interface ProvedEntry {
  readonly index: number;
  readonly body: Buffer;
  readonly proof: readonly Buffer[];
}

export interface ProvedContinuation extends ProvedEntry {
  readonly envelope: Envelope;
}

export interface LedgerProofs {
  /** Content of a tile (C2SP tlog-tiles): hashes, or the bytes of entries. Null for a tile that the newest tree does not fill. */
  tile(tile: TileId): Promise<Buffer | null>;
  inclusion(index: number, size: number): Promise<Buffer[]>;
  consistency(older: number, size: number): Promise<Buffer[]>;
  /**
   * Ledger entry with its inclusion proof in the newest checkpoint's tree, and this checkpoint. Throws `proof_invalid` for an index beyond
   * the tree.
   */
  proveEntry(index: number): Promise<{ body: Buffer; proof: Buffer[]; checkpoint: string }>;
  /**
   * Ledger entries in the requested sequence, with inclusion proofs in the tree with `size` entries. The default for `size` is the newest
   * checkpoint's tree. Throws `proof_invalid` for an index beyond the tree.
   */
  proveEntries(
    indexes: readonly number[],
    size?: number,
  ): Promise<{ entries: readonly ProvedEntry[]; checkpoint: string }>;
  /**
   * Consistency proof that the tree with `size` entries extends the tree with `older` entries. The default for `size` is the newest
   * checkpoint's tree. If `older` is 0, the proof is empty. Throws `proof_invalid` for a size beyond the newest tree.
   */
  proveGrowth(older: number, size?: number): Promise<{ proof: Buffer[]; checkpoint: string }>;
  /**
   * Continuations (signed decisions that rename the ledger after a loss of entries), with inclusion proofs in the tree with `size` entries.
   * Continuations that are not in this tree are absent. The default for `size` is the newest checkpoint's tree.
   */
  proveContinuations(size?: number): Promise<readonly ProvedContinuation[]>;
}

/**
 * Creates the functions that compute proofs of the ledger. `newest` throws `ledger_unavailable` before the first checkpoint.
 * `continuations` returns the signed decisions that renamed the ledger after a loss of entries, oldest first.
 */
export function createLedgerProofs(
  store: EntryStore,
  newest: () => Promise<StoredCheckpoint>,
  continuations: () => readonly Envelope[],
): LedgerProofs {
  async function within(size: number): Promise<void> {
    const { size: newestSize } = await newest();
    if (size > newestSize) {
      throw new CordonError(
        'proof_invalid',
        `The ledger has ${newestSize} entries, not ${size}. Request a tree of at most that size.`,
      );
    }
  }

  async function proveEntries(indexes: readonly number[], of?: number) {
    const { size: newestSize, note } = await newest();
    if (of !== undefined) await within(of);
    const size = of ?? newestSize;
    const [proofs, bodies] = await Promise.all([
      inclusionProofs(indexes, size, store.hashes),
      store.entriesAt(indexes),
    ]);
    const entries = indexes.map((index, at) => {
      const body = bodies.get(index);
      if (!body) throw new CordonError('internal', `The ledger has no entry ${index} in a tree of ${size} entries.`);
      return { index, body, proof: proofs[at] ?? [] };
    });
    return { entries, checkpoint: note };
  }

  return {
    async tile(tile) {
      const { size } = await newest();
      const { level } = tile;
      const hashes = Math.floor(size / TILE_WIDTH ** (level === 'entries' ? 0 : level));
      if (tile.number * TILE_WIDTH + tile.width > hashes) return null;
      if (level === 'entries') {
        const { from, to } = entriesOfBundle(tile);
        return encodeBundle(await store.entries(from, to));
      }
      return Buffer.concat([...(await store.hashes(nodesOfTile({ ...tile, level })))]);
    },
    async inclusion(index, size) {
      await within(size);
      return await inclusionProof(index, size, store.hashes);
    },
    async consistency(older, size) {
      await within(size);
      return await consistencyProof(older, size, store.hashes);
    },
    async proveEntry(index) {
      const { size, note } = await newest();
      const proof = await inclusionProof(index, size, store.hashes);
      const [body] = await store.entries(index, index + 1);
      if (!body) throw new CordonError('internal', `The ledger has no entry ${index} in a tree of ${size} entries.`);
      return { body, proof, checkpoint: note };
    },
    async proveContinuations(of) {
      const adopted = continuations();
      if (adopted.length === 0) return [];
      const { size: newestSize } = await newest();
      const size = of ?? newestSize;
      const logged = adopted
        .map((envelope) => ({ envelope, index: readLedgerContinuation(envelope).fork.size }))
        .filter(({ index }) => index < size);
      const { entries } = await proveEntries(
        logged.map(({ index }) => index),
        size,
      );
      return entries.flatMap((entry, at) => {
        const envelope = logged[at]?.envelope;
        return envelope ? [{ ...entry, envelope }] : [];
      });
    },
    proveEntries,
    async proveGrowth(older, size) {
      const { size: newestSize, note } = await newest();
      if (size !== undefined) await within(size);
      const proof = older === 0 ? [] : await consistencyProof(older, size ?? newestSize, store.hashes);
      return { proof, checkpoint: note };
    },
  };
}
