import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grow, numbered } from '../../tests/support/grown-tree.ts';
import { consistencyProof, inclusionProof, leafHash, rootOf } from './merkle.ts';
import { HASH_SIZE, hashLeaf, verifyConsistency, verifyInclusion } from './proof.ts';

const refused = { code: 'proof_invalid' };

describe('proofs', () => {
  it('hash a leaf as the tree does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (entry) => {
        expect(Buffer.from(await hashLeaf(entry))).toEqual(leafHash(entry));
      }),
    );
  });

  it('prove every leaf of every tree, and every earlier tree', async () => {
    const entries = numbered(40);
    const { source } = await grow(entries);
    for (let size = 1; size <= entries.length; size++) {
      const root = await rootOf(size, source);
      for (let at = 0; at < size; at++) {
        await verifyInclusion(leafHash(entries[at]!), at, size, await inclusionProof(at, size, source), root);
        const older = await rootOf(at + 1, source);
        await verifyConsistency(at + 1, size, await consistencyProof(at + 1, size, source), older, root);
      }
    }
  });

  const proofs = fc.record({ size: fc.integer({ min: 2, max: 300 }), at: fc.nat(), change: fc.nat(), byte: fc.nat() });

  it('of a leaf are refused when changed, shortened, lengthened, or for another index', async () => {
    const entries = numbered(300);
    const { source } = await grow(entries);
    await fc.assert(
      fc.asyncProperty(proofs, async ({ size, at, change, byte }) => {
        const index = at % size;
        const leaf = leafHash(entries[index]!);
        const root = await rootOf(size, source);
        const proof = await inclusionProof(index, size, source);
        const flipped = proof.map((hash) => Buffer.from(hash));
        flipped[change % proof.length]![byte % HASH_SIZE]! ^= 1;
        const other = (index + 1 + (change % (size - 1))) % size;
        await expect(verifyInclusion(leaf, index, size, flipped, root)).rejects.toThrow('another root');
        await expect(verifyInclusion(leaf, index, size, proof.slice(1), root)).rejects.toMatchObject(refused);
        await expect(verifyInclusion(leaf, index, size, [...proof, leaf], root)).rejects.toMatchObject(refused);
        await expect(verifyInclusion(leaf, other, size, proof, root)).rejects.toMatchObject(refused);
        await expect(verifyInclusion(leaf, size, size, proof, root)).rejects.toThrow('not in a tree');
      }),
      { numRuns: 200 },
    );
  });

  it('case 36: refuse a tree that forked from an earlier one or is shorter', async () => {
    const entries = numbered(300);
    const { source } = await grow(entries);
    await fc.assert(
      fc.asyncProperty(proofs, async ({ size, at, change, byte }) => {
        const older = 1 + (at % (size - 1));
        const [oldRoot, newRoot] = [await rootOf(older, source), await rootOf(size, source)];
        const proof = await consistencyProof(older, size, source);
        const forged = numbered(size);
        forged[at % older] = Buffer.from('another history');
        const fork = await grow(forged);
        const [forkRoot, forkProof] = [fork.tree.root(), await consistencyProof(older, size, fork.source)];
        const flipped = proof.map((hash) => Buffer.from(hash));
        flipped[change % proof.length]![byte % HASH_SIZE]! ^= 1;
        for (const [bad, root] of [
          [flipped, newRoot],
          [forkProof, forkRoot],
          [proof, forkRoot],
          [proof.slice(1), newRoot],
          [[...proof, newRoot], newRoot],
        ] as const) {
          await expect(verifyConsistency(older, size, bad, oldRoot, root)).rejects.toMatchObject(refused);
        }
        await expect(verifyConsistency(size, older, proof, newRoot, oldRoot)).rejects.toThrow('cannot begin with');
      }),
      { numRuns: 200 },
    );
  });

  it('of random bytes are refused with the same code', async () => {
    const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, 1, 2, 2 ** 52, 2 ** 53 - 1, 2 ** 53));
    const hash = fc.uint8Array({ minLength: HASH_SIZE - 1, maxLength: HASH_SIZE + 1 });
    await fc.assert(
      fc.asyncProperty(number, number, fc.array(hash, { maxLength: 60 }), hash, hash, async (at, size, proof, a, b) => {
        await expect(verifyInclusion(a, at, size, proof, b)).rejects.toMatchObject(refused);
        await expect(verifyConsistency(at, size, proof, a, b)).rejects.toMatchObject(refused);
      }),
      { numRuns: 500 },
    );
  });
});
