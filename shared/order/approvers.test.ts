import { describe, expect, it } from 'vitest';
import { approverSetDocument, signedApproverSet, testKey, testPerson } from '../../tests/support/signed-documents.ts';
import { newSigner } from '../../tests/support/witnessed-log.ts';
import type { WitnessPolicy } from '../ledger/cosignature.ts';
import { verifierKey } from '../ledger/sign-checkpoint.ts';
import { COSIGNATURE } from '../ledger/signed-note.ts';
import { canonicalText } from './canonical.ts';
import { describeApproverSet } from './describe-revision.ts';

const [ada, ben, online] = [testPerson('ada'), testPerson('ben'), testKey()];
const [one, two, three] = ['w1', 'w2', 'w3'].map((name) => newSigner(`witness.example.org/${name}`)) as [
  ReturnType<typeof newSigner>,
  ReturnType<typeof newSigner>,
  ReturnType<typeof newSigner>,
];
const keyOf = (signer: typeof one) => verifierKey(signer, COSIGNATURE);
const [w1, w2, w3] = [keyOf(one), keyOf(two), keyOf(three)];
const setWith = (witnesses?: WitnessPolicy) =>
  approverSetDocument([ada, ben], online, witnesses && { witnesses: { ...witnesses, keys: [...witnesses.keys] } });
const read = (witnesses: WitnessPolicy) => signedApproverSet(setWith(witnesses), [ada, ben]).approverSet.approvers;

describe('an approver set with witnesses', () => {
  it('contains the policy, and is unchanged byte for byte without one', () => {
    expect(read({ threshold: 2, keys: [w1, w2, w3] }).witnesses).toEqual({ threshold: 2, keys: [w1, w2, w3] });
    expect(canonicalText(setWith())).not.toContain('witnesses');
  });

  it.each<readonly [name: string, policy: WitnessPolicy, message: RegExp]>([
    ['a threshold of 0', { threshold: 0, keys: [w1] }, /threshold/],
    ['a threshold above the number of witnesses', { threshold: 2, keys: [w1] }, /requires 2 cosignatures/],
    ['no witness', { threshold: 1, keys: [] }, /keys/],
    ['nine witnesses', { threshold: 1, keys: Array.from({ length: 9 }, () => keyOf(newSigner('w'))) }, /keys/],
    ['a witness twice', { threshold: 2, keys: [w1, w1] }, /twice/],
    ['one key under two names', { threshold: 2, keys: [w1, keyOf({ ...one, name: 'another.example' })] }, /twice/],
    ['two keys of one name', { threshold: 2, keys: [w1, keyOf({ ...two, name: one.name })] }, /twice/],
    ['the key of a log', { threshold: 1, keys: [verifierKey(one)] }, /verifier key/],
    ['a key id of another name', { threshold: 1, keys: [w1.replace('w1+', 'w9+')] }, /does not match/],
    ['a key id in capitals', { threshold: 1, keys: [w1.replace(/\+[0-9a-f]{8}\+/, '+ABCDEF01+')] }, /verifier key/],
  ])('is refused with %s', (_name, policy, message) => {
    expect(() => read(policy)).toThrow(expect.objectContaining({ code: 'document_malformed' }));
    expect(() => read(policy)).toThrow(message);
  });

  it('shows its signers each new witness, and each weaker rule', () => {
    const grave = (after?: WitnessPolicy, before?: WitnessPolicy) =>
      describeApproverSet(canonicalText(setWith(after)), 1, setWith(before))
        .lines.filter((line) => line.grave)
        .map(({ label, value }) => `${label} ${value}`);
    const both = { threshold: 2, keys: [w1, w2] };
    expect(grave(both, both)).toEqual([]);
    expect(grave()).toEqual([]);
    expect(grave({ threshold: 2, keys: [w1, w3] }, both)).toEqual([
      `witness ${w3}, a new witness: ask its operator before you sign`,
      `no longer a witness: ${w2}`,
    ]);
    expect(grave({ threshold: 1, keys: [w1, w2] }, both)).toEqual([
      'ledger checkpoints need cosignatures of 1 of 2 witnesses',
    ]);
    expect(grave(undefined, both)).toEqual([
      'ledger checkpoints need no cosignatures any more',
      `no longer a witness: ${w1}`,
      `no longer a witness: ${w2}`,
    ]);
  });
});
