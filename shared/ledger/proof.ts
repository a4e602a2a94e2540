/**
 * Checks the proofs of RFC 9162, section 2.1, over WebCrypto: the same code in a browser, on a device and in the command line. What makes
 * proofs is `merkle.ts`. Sizes and positions go up to 2^53, hence no bit operators.
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
 * On which side of the path each hash of a proof stands, from below: what sections 2.1.3.2 and 2.1.4.2 walk with `fn` and `sn`. Throws unless
 * `count` hashes are exactly as many as lead from `fn` to the root, when the last node of that level is `sn`.
 */
function sidesOf(first: number, last: number, count: number, proof: string): ('left' | 'right')[] {
  const sides: ('left' | 'right')[] = [];
  let fn = first;
  let sn = last;
  while (sides.length < count) {
    if (sn === 0) throw refused(`the ${proof} proof has more hashes than the tree is high`);
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
  if (sn !== 0) throw refused(`the ${proof} proof has fewer hashes than the tree is high`);
  return sides;
}

function checkHashes(hashes: readonly Uint8Array[]): void {
  if (hashes.some(({ length }) => length !== HASH_SIZE)) throw refused(`a hash is not of ${HASH_SIZE} bytes`);
}

/** Throws `proof_invalid` unless the proof shows `leaf` (its hash) at `index` of the tree of `size` leaves that has `root`. */
export async function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): Promise<void> {
  if (!(Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size)) {
    throw refused(`leaf ${index} is not in a tree of ${size} leaves`);
  }
  checkHashes([leaf, ...proof]);
  const sides = sidesOf(index, size - 1, proof.length, 'inclusion');
  let hash = leaf;
  for (const [at, sibling] of proof.entries()) {
    hash = sides[at] === 'left' ? await hashNode(sibling, hash) : await hashNode(hash, sibling);
  }
  if (!same(hash, root)) throw refused(`the inclusion proof of leaf ${index} leads to another root`);
}

/** Throws `proof_invalid` unless the tree of `size` leaves that has `newRoot` begins with the tree of `older` leaves that has `oldRoot`. */
export async function verifyConsistency(
  older: number,
  size: number,
  proof: readonly Uint8Array[],
  oldRoot: Uint8Array,
  newRoot: Uint8Array,
): Promise<void> {
  if (!(Number.isSafeInteger(older) && Number.isSafeInteger(size) && older >= 1 && older <= size)) {
    throw refused(`a tree of ${older} leaves is no beginning of one of ${size}`);
  }
  if (older === size) {
    if (proof.length > 0 || !same(oldRoot, newRoot)) throw refused(`two different trees of ${size} leaves`);
    return;
  }
  checkHashes([oldRoot, ...proof]);
  let fn = older - 1;
  let sn = size - 1;
  while (isOdd(fn)) {
    fn = half(fn);
    sn = half(sn);
  }
  // The older tree is a complete subtree exactly when its size is a power of two: then the verifier holds the hash to begin with.
  const [first, ...path] = fn === 0 ? [oldRoot, ...proof] : proof;
  if (!first) throw refused('the consistency proof is empty');
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
  if (!same(oldHash, oldRoot)) throw refused(`the tree of ${size} leaves does not begin with the one of ${older}`);
  if (!same(newHash, newRoot)) throw refused(`the consistency proof leads to another root of ${size} leaves`);
}
