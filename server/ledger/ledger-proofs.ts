/**
 * Proofs from the ledger's newest tree or an earlier one: inclusion of entries and consistency of trees. Auditors compute their own proofs
 * from the tiles.
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

/** Sequenced ledger entries, and the hashes of their Merkle tree. */
export interface EntryStore {
  /** Hashes of complete subtrees in the newest checkpoint's tree. Rejects with `not_found` for other subtrees. */
  readonly hashes: HashSource;
  /** Contents of the ledger entries from `from` (inclusive) to `to` (exclusive). */
  entries(from: number, to: number): Promise<Buffer[]>;
  /** Contents of these ledger entries, by index. Missing entries are absent. */
  entriesAt(indexes: readonly number[]): Promise<ReadonlyMap<number, Buffer>>;
}

/** Exact bytes of a ledger entry, and the hashes from its leaf to the root of the tree. */
export interface ProvedEntry {
  readonly index: number;
  readonly body: Buffer;
  readonly proof: readonly Buffer[];
}

export interface ProvedContinuation extends ProvedEntry {
  readonly envelope: Envelope;
}

export interface LedgerProofs {
  /** Checkpoint for this tree size; null for a size beyond the newest tree. */
  tile(tile: TileId): Promise<Buffer | null>;
  inclusion(index: number, size: number): Promise<Buffer[]>;
  consistency(older: number, size: number): Promise<Buffer[]>;
  /**
   * Ledger entry with its inclusion proof against the newest checkpoint. Entry and proof belong to the same tree. Throws `proof_invalid`
   * for an index beyond the tree.
   */
  proveEntry(index: number): Promise<{ body: Buffer; proof: Buffer[]; checkpoint: string }>;
  /**
   * Ledger entries in the requested order, with inclusion proofs against the tree of `size` entries (default: the newest checkpoint's).
   * Throws `proof_invalid` for an index beyond the tree.
   */
  proveEntries(
    indexes: readonly number[],
    size?: number,
  ): Promise<{ entries: readonly ProvedEntry[]; checkpoint: string }>;
  /**
   * Consistency proof: the tree of `size` entries (default: the newest checkpoint's) extends the tree of `older` entries. The proof for an
   * empty tree is empty. Throws `proof_invalid` for a size beyond the tree.
   */
  proveGrowth(older: number, size?: number): Promise<{ proof: Buffer[]; checkpoint: string }>;
  /** Continuations whose ledger entry is in the tree of `size` entries (default: the newest checkpoint's), with the proof of the entry. */
  proveContinuations(size?: number): Promise<readonly ProvedContinuation[]>;
}

/** `newest`: throws `ledger_unavailable` before the first checkpoint. `continuations`: the adopted ones, oldest first. */
export function createLedgerProofs(
  store: EntryStore,
  newest: () => Promise<StoredCheckpoint>,
  continuations: () => readonly Envelope[],
): LedgerProofs {
  async function within(size: number): Promise<void> {
    const { size: reached } = await newest();
    if (size > reached) {
      throw new CordonError(
        'proof_invalid',
        `The ledger has ${reached} entries, not ${size}. Request a tree of at most that size.`,
      );
    }
  }

  async function proveEntries(indexes: readonly number[], of?: number) {
    const { size: reached, note } = await newest();
    if (of !== undefined) await within(of);
    const size = of ?? reached;
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
      const { size: reached } = await newest();
      const size = of ?? reached;
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
      const { size: reached, note } = await newest();
      if (size !== undefined) await within(size);
      const proof = older === 0 ? [] : await consistencyProof(older, size ?? reached, store.hashes);
      return { proof, checkpoint: note };
    },
  };
}
