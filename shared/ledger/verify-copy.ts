/**
 * Checks a downloaded copy of a ledger (checkpoint, tiles, entries) with nothing but the copy and a verifier key: every entry is read,
 * every hash recomputed. It believes no tile and reaches for no network, so that anyone can repeat it years later.
 */
import { CordonError } from '../errors.ts';
import { parseDocument } from '../order/canonical.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { type Leaf, type LeafKind, leafSchema } from './leaf.ts';
import { GrowingTree, leafHash } from './merkle.ts';
import { HASH_SIZE } from './proof.ts';
import { type NoteVerifier, parseVerifierKey } from './signed-note.ts';
import { decodeBundle, TILE_WIDTH, tilePath, tilesOf } from './tiles.ts';

/** A copy's files by their path below `/ledger/`; null for a file that is not there. */
export type CopyReader = (path: string) => Promise<Buffer | null>;

export const CHECKPOINT = 'checkpoint';
/** The checkpoint that an earlier copy had: the newer one must extend it. */
export const PREVIOUS_CHECKPOINT = 'checkpoint.previous';
export const KEY = 'key';

export interface VerifiedCopy {
  readonly checkpoint: Checkpoint;
  readonly verifier: NoteVerifier;
  /** Size of the earlier tree that this one was shown to extend; null when no earlier checkpoint was there. */
  readonly extends: number | null;
  readonly leaves: ReadonlyMap<LeafKind, number>;
}

async function need(read: CopyReader, path: string): Promise<Buffer> {
  const file = await read(path);
  if (!file) throw new CordonError('not_found', `the copy lacks ${path}: copy the ledger again`);
  return file;
}

/**
 * Throws `checkpoint_invalid` or `proof_invalid`, naming the file, at the first thing that does not hold. Without `pinned` the key
 * beside the copy is used, which shows only that the copy agrees with itself.
 */
export async function verifyLedgerCopy(
  read: CopyReader,
  options: { readonly pinned?: string; readonly onLeaf?: (index: number, leaf: Leaf) => void } = {},
): Promise<VerifiedCopy> {
  const verifier = await parseVerifierKey(options.pinned ?? (await need(read, KEY)).toString('utf8'));
  const checkpoint = await openCheckpoint((await need(read, CHECKPOINT)).toString('utf8'), verifier);
  const earlierNote = await read(PREVIOUS_CHECKPOINT);
  const earlier = earlierNote && (await openCheckpoint(earlierNote.toString('utf8'), verifier));
  if (earlier && earlier.size > checkpoint.size) {
    const detail = `the ledger had ${earlier.size} leaves and now shows ${checkpoint.size}: it was cut short or restored`;
    throw new CordonError('proof_invalid', detail);
  }

  const tree = await GrowingTree.open(0, async () => []);
  /** The hashes at the levels that tiles store, in order; what the tiles must say. */
  const rows = new Map<number, Buffer[]>();
  const leaves = new Map<LeafKind, number>();
  const checkEarlier = () => {
    if (earlier?.size === tree.size && !tree.root().equals(earlier.root)) {
      const detail = `the ledger's first ${earlier.size} leaves are not those that ${PREVIOUS_CHECKPOINT} committed to: it forked`;
      throw new CordonError('proof_invalid', detail);
    }
  };
  checkEarlier();
  for (const tile of tilesOf(checkpoint.size)) {
    if (tile.level !== 'entries') continue;
    for (const entry of decodeBundle(await need(read, tilePath(tile)), tile.width)) {
      const leaf = readLeaf(entry, tree.size);
      options.onLeaf?.(tree.size, leaf);
      leaves.set(leaf.kind, (leaves.get(leaf.kind) ?? 0) + 1);
      for (const { node, hash } of tree.append(leafHash(entry))) {
        if (node.level % 8 !== 0) continue;
        const row = rows.get(node.level / 8) ?? [];
        rows.set(node.level / 8, row);
        row.push(hash);
      }
      checkEarlier();
    }
  }
  if (!tree.root().equals(checkpoint.root)) {
    throw new CordonError('proof_invalid', 'the entries do not lead to the root that the checkpoint commits to');
  }
  for (const tile of tilesOf(checkpoint.size)) {
    if (tile.level === 'entries') continue;
    const start = tile.number * TILE_WIDTH;
    const expected = Buffer.concat((rows.get(tile.level) ?? []).slice(start, start + tile.width));
    const given = await need(read, tilePath(tile));
    if (given.length !== tile.width * HASH_SIZE || !given.equals(expected)) {
      throw new CordonError('proof_invalid', `${tilePath(tile)} does not hold the hashes of the entries below it`);
    }
  }
  return { checkpoint, verifier, extends: earlier?.size ?? null, leaves };
}

function readLeaf(entry: Buffer, index: number): Leaf {
  try {
    return parseDocument(leafSchema, entry);
  } catch (error) {
    throw new CordonError('proof_invalid', `entry ${index} is not a leaf of this format`, { index }, error);
  }
}
