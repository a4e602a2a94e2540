import { generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grow } from '../../tests/support/grown-tree.ts';
import { checkGrowth, checkInclusion } from './check-proofs.ts';
import { originOf } from './checkpoint.ts';
import { makeEntry } from './make-entry.ts';
import { consistencyProof, inclusionProof, rootOf } from './merkle.ts';
import { ed25519FromSpki, type NoteSigner, signCheckpoint, verifierKey } from './sign-checkpoint.ts';

function newSigner(installation: string): NoteSigner {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = ed25519FromSpki(publicKey.export({ format: 'der', type: 'spki' }));
  return { name: originOf(installation), publicKey: raw, sign: (message) => sign(null, message, privateKey) };
}

const signer = newSigner('ins_test');
const key = verifierKey(signer);
const SIZE = 100;
const entries = Array.from({ length: SIZE }, (_, at) =>
  makeEntry({ kind: 'order.adopted', at, subject: `Zoë ${at}`, public: { order: '2015-001', count: at } }),
);
const { source } = await grow(entries.map(({ body }) => Buffer.from(body)));
const base64 = (hashes: readonly Buffer[]) => hashes.map((hash) => hash.toString('base64'));
const checkpointOf = async (size: number, by = signer) =>
  signCheckpoint({ size, root: await rootOf(size, source) }, by);
const inclusionAnswer = async (index: number, size: number) => ({
  index,
  body: entries[index]?.body ?? '',
  proof: base64(await inclusionProof(index, size, source)),
  checkpoint: await checkpointOf(size),
});
const growthAnswer = async (from: number, size: number) => ({
  proof: from === 0 ? [] : base64(await consistencyProof(from, size, source)),
  checkpoint: await checkpointOf(size),
});
const places = fc
  .record({ size: fc.integer({ min: 1, max: SIZE }), at: fc.nat() })
  .map(({ size, at }) => ({ size, index: at % size }));
/** One character of a text replaced by another one. */
const garble = (text: string, at: number) => {
  const place = at % text.length;
  return `${text.slice(0, place)}${text[place] === 'A' ? 'B' : 'A'}${text.slice(place + 1)}`;
};

describe('a response about an entry', () => {
  it('returns the entry and the checkpoint that proves it', async () => {
    await fc.assert(
      fc.asyncProperty(places, async ({ size, index }) => {
        const { entry, checkpoint } = await checkInclusion(await inclusionAnswer(index, size), index, key);
        expect(entry.public).toEqual({ order: '2015-001', count: index });
        expect(checkpoint.size).toBe(size);
      }),
    );
  });

  it('is refused when any part of it is changed, or when it is about another entry', async () => {
    await fc.assert(
      fc.asyncProperty(places, fc.nat(), async ({ size, index }, at) => {
        const answer = await inclusionAnswer(index, size);
        const changed = [
          { ...answer, index: index + 1 },
          { ...answer, body: garble(answer.body, at) },
          { ...answer, body: `${answer.body} ` },
          {
            ...answer,
            proof: answer.proof.map((hash, n) => (n === at % answer.proof.length ? garble(hash, at) : hash)),
          },
          { ...answer, proof: [...answer.proof, answer.proof[0] ?? 'AAAA'] },
          { ...answer, checkpoint: garble(answer.checkpoint, at) },
          { ...answer, checkpoint: await checkpointOf(size, newSigner('ins_test')) },
        ].filter((one) => JSON.stringify(one) !== JSON.stringify(answer));
        for (const one of changed) await expect(checkInclusion(one, index, key)).rejects.toThrow();
        await expect(checkInclusion(answer, index + 1, key)).rejects.toThrow(`instead of ${index + 1}`);
      }),
    );
  });

  it('is refused under its own key when the reader pins another key', async () => {
    const other = newSigner('ins_test');
    const answer = { ...(await inclusionAnswer(3, 9)), checkpoint: await checkpointOf(9, other) };
    await expect(checkInclusion(answer, 3, key)).rejects.toMatchObject({ code: 'checkpoint_invalid' });
    expect((await checkInclusion(answer, 3, verifierKey(other))).checkpoint.size).toBe(9);
  });
});

describe('a response about growth', () => {
  it('returns the newer checkpoint for every older one, including the empty one', async () => {
    await fc.assert(
      fc.asyncProperty(places, async ({ size, index }) => {
        const newer = await checkGrowth(await growthAnswer(index, size), await checkpointOf(index), key);
        expect(newer.size).toBe(size);
      }),
    );
    expect((await checkGrowth(await growthAnswer(SIZE, SIZE), await checkpointOf(SIZE), key)).size).toBe(SIZE);
  });

  it('case 36: refuses a fork, a shortened tree and a proof of another tree', async () => {
    const history = entries.map(({ body }, at) => Buffer.from(at === 7 ? '{}' : body));
    const fork = await grow(history);
    const forked = signCheckpoint({ size: SIZE, root: fork.tree.root() }, signer);
    for (const from of [8, 31, 64, SIZE]) {
      const earlier = await checkpointOf(from);
      const forkProof = base64(await consistencyProof(from, SIZE, fork.source));
      const { proof } = await growthAnswer(from, SIZE);
      for (const one of [proof, forkProof, []]) {
        await expect(checkGrowth({ proof: one, checkpoint: forked }, earlier, key)).rejects.toMatchObject({
          code: 'proof_invalid',
        });
      }
    }
    await expect(checkGrowth(await growthAnswer(8, 9), await checkpointOf(50), key)).rejects.toThrow('cut short');
    await expect(checkGrowth(await growthAnswer(8, 90), await checkpointOf(9), key)).rejects.toThrow();
    await expect(
      checkGrowth({ ...(await growthAnswer(8, 90)), proof: ['?'] }, await checkpointOf(8), key),
    ).rejects.toThrow('not base64');
  });

  it('refuses an earlier checkpoint of another log', async () => {
    const earlier = await checkpointOf(8, newSigner('ins_other'));
    await expect(checkGrowth(await growthAnswer(8, 90), earlier, key)).rejects.toMatchObject({
      code: 'checkpoint_invalid',
    });
  });
});
