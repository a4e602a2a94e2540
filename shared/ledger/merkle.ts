/**
 * Merkle tree of RFC 9162, section 2.1: computes tree hashes and the hashes in proofs. A `HashSource` provides the hashes of complete
 * subtrees. Sizes and positions reach 2^53, so bit operators cannot be used.
 */
import { createHash } from 'node:crypto';
import { CordonError } from '../errors.ts';

/**
 * Complete subtree with the leaves from `position * 2^level` up to, but not including, `(position + 1) * 2^level`. Level 0 has the leaf
 * hashes.
 */
export interface TreeNode {
  readonly level: number;
  readonly position: number;
}

/** Hashes of subtrees in the requested sequence. Rejects if one is missing. */
export type HashSource = (nodes: readonly TreeNode[]) => Promise<readonly Buffer[]>;

/** Range of leaves: `from` is included, `to` is not. */
interface Range {
  readonly from: number;
  readonly to: number;
}

const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);

export function leafHash(entry: Uint8Array): Buffer {
  return createHash('sha256').update(LEAF).update(entry).digest();
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(NODE).update(left).update(right).digest();
}

export const EMPTY_ROOT = createHash('sha256').digest();

/** Largest power of two below `size` (RFC 9162, section 2.1.1). `size` is at least 2. */
function split(size: number): number {
  let k = 1;
  while (k * 2 < size) k *= 2;
  return k;
}

/**
 * Splits a range of leaves into complete subtrees, largest first. The range must start at a multiple of the width of its largest subtree.
 * This is true of all ranges here, because they result from halving a tree by RFC 9162.
 */
function subtreesOf({ from, to }: Range): TreeNode[] {
  const nodes: TreeNode[] = [];
  for (let at = from; at < to; ) {
    let level = 0;
    let width = 1;
    while (at % (width * 2) === 0 && at + width * 2 <= to) {
      width *= 2;
      level += 1;
    }
    nodes.push({ level, position: at / width });
    at += width;
  }
  return nodes;
}

function foldSubtrees(hashes: readonly Buffer[]): Buffer {
  const last = hashes.at(-1);
  if (!last) return EMPTY_ROOT;
  return hashes.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last);
}

async function hashRanges(ranges: readonly Range[], source: HashSource): Promise<Buffer[]> {
  const wanted = ranges.map(subtreesOf);
  const hashes = await source(wanted.flat());
  let taken = 0;
  return wanted.map((nodes) => {
    const start = taken;
    taken += nodes.length;
    return foldSubtrees(hashes.slice(start, taken));
  });
}

export async function rootOf(size: number, source: HashSource): Promise<Buffer> {
  const [root] = await hashRanges([{ from: 0, to: size }], source);
  return root ?? EMPTY_ROOT;
}

/** Subtrees beside the path from leaf `index` to the root of a tree with `size` leaves, from the leaf upward. */
function rangesBeside(index: number, size: number): Range[] {
  if (!(Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size)) {
    throw new CordonError(
      'proof_invalid',
      `Ledger entry ${index} is not in a tree of ${size} entries. Request an index below ${size}.`,
    );
  }
  const ranges: Range[] = [];
  let from = 0;
  let to = size;
  while (to - from > 1) {
    const middle = from + split(to - from);
    if (index < middle) {
      ranges.unshift({ from: middle, to });
      to = middle;
    } else {
      ranges.unshift({ from, to: middle });
      from = middle;
    }
  }
  return ranges;
}

/** Inclusion proof (RFC 9162, section 2.1.3.1). The hashes are in sequence from the leaf upward. */
export async function inclusionProof(index: number, size: number, source: HashSource): Promise<Buffer[]> {
  return await hashRanges(rangesBeside(index, size), source);
}

/** Inclusion proofs of several leaves, with one query of the hash source. */
export async function inclusionProofs(
  indexes: readonly number[],
  size: number,
  source: HashSource,
): Promise<Buffer[][]> {
  const beside = indexes.map((index) => rangesBeside(index, size));
  const hashes = await hashRanges(beside.flat(), source);
  let taken = 0;
  return beside.map(({ length }) => {
    taken += length;
    return hashes.slice(taken - length, taken);
  });
}

/** Consistency proof (RFC 9162, section 2.1.4.1): the tree of `size` leaves begins with the `older` leaves of an older tree, unchanged. */
export async function consistencyProof(older: number, size: number, source: HashSource): Promise<Buffer[]> {
  if (!(Number.isSafeInteger(older) && Number.isSafeInteger(size) && older >= 1 && older <= size)) {
    throw new CordonError(
      'proof_invalid',
      `A tree of ${size} entries cannot begin with a tree of ${older} entries. Request a size from 1 to ${size}.`,
    );
  }
  const ranges: Range[] = [];
  let from = 0;
  let to = size;
  // `known` is the boolean of SUBPROOF in RFC 9162, section 2.1.4.1. True means that this subtree is still the whole older tree, whose hash
  // the verifier already has.
  let known = true;
  while (older !== to) {
    const middle = from + split(to - from);
    if (older <= middle) {
      ranges.unshift({ from: middle, to });
      to = middle;
    } else {
      ranges.unshift({ from, to: middle });
      from = middle;
      known = false;
    }
  }
  if (!known) ranges.unshift({ from, to });
  return await hashRanges(ranges, source);
}

const half = (value: number) => Math.floor(value / 2);
const refused = (detail: string) => new CordonError('proof_invalid', detail);

/** Growing Merkle tree, which keeps only the complete subtrees along its right edge. */
export class GrowingTree {
  #size: number;
  /** Subtrees along the right edge, largest first. Their widths are the powers of two in the binary form of the tree's size. */
  readonly #edge: { node: TreeNode; hash: Buffer }[];

  private constructor(size: number, edge: { node: TreeNode; hash: Buffer }[]) {
    this.#size = size;
    this.#edge = edge;
  }

  static async open(size: number, source: HashSource): Promise<GrowingTree> {
    const nodes = subtreesOf({ from: 0, to: size });
    const hashes = await source(nodes);
    return new GrowingTree(
      size,
      nodes.map((node, at) => {
        const hash = hashes[at];
        if (!hash) throw refused(`The hash at level ${node.level}, position ${node.position} is missing.`);
        return { node, hash };
      }),
    );
  }

  get size(): number {
    return this.#size;
  }

  /** Complete subtrees along the right edge. `open` needs only these hashes to continue the tree. */
  edge(): readonly { readonly node: TreeNode; readonly hash: Buffer }[] {
    return [...this.#edge];
  }

  root(): Buffer {
    return foldSubtrees(this.#edge.map(({ hash }) => hash));
  }

  /**
   * Appends a leaf. Returns the hashes to store: the leaf's hash, then the hash of each subtree that the leaf completes, from the leaf
   * upward.
   */
  append(hash: Buffer): { node: TreeNode; hash: Buffer }[] {
    let top = { node: { level: 0, position: this.#size }, hash };
    const made = [top];
    for (let left = this.#edge.at(-1); left && left.node.level === top.node.level; left = this.#edge.at(-1)) {
      this.#edge.pop();
      top = {
        node: { level: top.node.level + 1, position: half(top.node.position) },
        hash: nodeHash(left.hash, top.hash),
      };
      made.push(top);
    }
    this.#edge.push(top);
    this.#size += 1;
    return made;
  }
}
