/** A log with a key of its own, in memory, for tests of witnesses and monitors. It can sign forks of itself. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { consistencyProof } from '../../shared/ledger/merkle.ts';
import { ed25519FromSpki, type NoteSigner, signCheckpoint, verifierKey } from '../../shared/ledger/sign-checkpoint.ts';
import { formatSubmission } from '../../shared/ledger/witness-protocol.ts';
import { grow, numbered } from './grown-tree.ts';

export function newSigner(name: string): NoteSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  return { name, publicKey: ed25519FromSpki(spki), sign: (message) => sign(null, message, privateKey) };
}

/** `fork`: number of the history. Different numbers differ in every entry. */
export function createWitnessedLog(origin = 'cordon/ins_test') {
  const signer = newSigner(origin);
  const entriesOf = (size: number, fork: number) =>
    fork === 0
      ? numbered(size)
      : numbered(size).map((entry) => Buffer.concat([entry, Buffer.from(` of fork ${fork}`)]));
  const treeOf = (size: number, fork = 0) => grow(entriesOf(size, fork));
  async function checkpoint(size: number, fork = 0): Promise<string> {
    const { tree } = await treeOf(size, fork);
    return signCheckpoint({ size, root: tree.root() }, signer);
  }
  async function proof(older: number, size: number, fork = 0): Promise<Buffer[]> {
    return older === 0 || older >= size ? [] : await consistencyProof(older, size, (await treeOf(size, fork)).source);
  }
  return {
    origin,
    signer,
    key: verifierKey(signer),
    treeOf,
    checkpoint,
    proof,
    submission: async (older: number, size: number, fork = 0) =>
      formatSubmission(older, await proof(older, size, fork), await checkpoint(size, fork)),
  };
}

export type WitnessedLog = ReturnType<typeof createWitnessedLog>;
