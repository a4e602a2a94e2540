/**
 * Verification of Merkle proofs (RFC 9162, section 2.1) with WebCrypto, for browsers, devices and the command line. Sizes and positions
 * reach 2^53, so bit operators cannot be used.
 */
import { CordonError } from '../errors.ts';

export const HASH_SIZE = 32;

const refused = (detail: string) => new CordonError('proof_invalid', detail);

async function sha256(...parts: readonly Uint8Array[]): Promise<Uint8Array> {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export const hashLeaf = (entry: Uint8Array): Promise<Uint8Array> => sha256(LEAF, entry);
const hashNode = (left: Uint8Array, right: Uint8Array): Promise<Uint8Array> => sha256(NODE, left, right);

const same = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, at) => byte === b[at]);
const half = (value: number) => Math.floor(value / 2);
const isOdd = (value: number) => value % 2 === 1;

/**
 * Side of the path (left or right) for each hash of a proof, from the leaf upward. The algorithm with `fn` and `sn` is that of RFC 9162,
 * sections 2.1.3.2 and 2.1.4.2. Throws an error unless exactly `count` hashes lead to the root.
 */
function sidesOf(first: number, last: number, count: number, proof: string): ('left' | 'right')[] {
  const sides: ('left' | 'right')[] = [];
  let fn = first;
  let sn = last;
  while (sides.length < count) {
    if (sn === 0) throw refused(`The ${proof} proof has more hashes than the tree has levels.`);
    if (isOdd(fn) || fn === sn) {
      sides.push('left');
      while (!isOdd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      sides.push('right');
    }
    fn = half(fn);
    sn = half(sn);
  }
  if (sn !== 0) throw refused(`The ${proof} proof has fewer hashes than the tree has levels.`);
  return sides;
}

function checkHashes(hashes: readonly Uint8Array[]): void {
  if (hashes.some(({ length }) => length !== HASH_SIZE)) throw refused(`A hash does not have ${HASH_SIZE} bytes.`);
}

/**
 * Verifies an inclusion proof: the tree with `size` leaves and the root hash `root` has the leaf hash `leaf` at `index`. Throws
 * `proof_invalid`.
 */
export async function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): Promise<void> {
  if (!(Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size)) {
    throw refused(`Ledger entry ${index} is not in a tree of ${size} entries.`);
  }
  checkHashes([leaf, ...proof]);
  const sides = sidesOf(index, size - 1, proof.length, 'inclusion');
  let hash = leaf;
  for (const [at, sibling] of proof.entries()) {
    hash = sides[at] === 'left' ? await hashNode(sibling, hash) : await hashNode(hash, sibling);
  }
  if (!same(hash, root)) throw refused(`The inclusion proof of ledger entry ${index} leads to another root hash.`);
}

/**
 * Verifies a consistency proof: the tree with `size` leaves and the root hash `newRoot` begins with the tree of `older` leaves and the root
 * hash `oldRoot`. Throws `proof_invalid`.
 */
export async function verifyConsistency(
  older: number,
  size: number,
  proof: readonly Uint8Array[],
  oldRoot: Uint8Array,
  newRoot: Uint8Array,
): Promise<void> {
  if (!(Number.isSafeInteger(older) && Number.isSafeInteger(size) && older >= 1 && older <= size)) {
    throw refused(`A tree of ${size} entries cannot begin with a tree of ${older} entries.`);
  }
  if (older === size) {
    if (proof.length > 0 || !same(oldRoot, newRoot)) throw refused(`There are two different trees of ${size} entries.`);
    return;
  }
  checkHashes([oldRoot, ...proof]);
  let fn = older - 1;
  let sn = size - 1;
  while (isOdd(fn)) {
    fn = half(fn);
    sn = half(sn);
  }
  // If the size of the older tree is a power of two, the older tree is a complete subtree of the newer one. The proof then omits the older
  // root hash, because the verifier has it.
  const [first, ...path] = fn === 0 ? [oldRoot, ...proof] : proof;
  if (!first) throw refused('The consistency proof is empty.');
  const sides = sidesOf(fn, sn, path.length, 'consistency');
  let oldHash = first;
  let newHash = first;
  for (const [at, sibling] of path.entries()) {
    if (sides[at] === 'left') {
      oldHash = await hashNode(sibling, oldHash);
      newHash = await hashNode(sibling, newHash);
    } else {
      newHash = await hashNode(newHash, sibling);
    }
  }
  if (!same(oldHash, oldRoot))
    throw refused(`The tree of ${size} entries does not begin with the tree of ${older} entries.`);
  if (!same(newHash, newRoot)) throw refused(`The consistency proof leads to another root hash of ${size} entries.`);
}
