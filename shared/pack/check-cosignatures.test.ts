import { expect, it } from 'vitest';
import { approverSetDocument, signedApproverSet, testKey, testPerson } from '../../tests/support/signed-documents.ts';
import { createWitnessedLog, newSigner } from '../../tests/support/witnessed-log.ts';
import type { WitnessPolicy } from '../ledger/cosignature.ts';
import { verifierKey } from '../ledger/sign-checkpoint.ts';
import { signCosignature } from '../ledger/sign-cosignature.ts';
import { COSIGNATURE, splitNote } from '../ledger/signed-note.ts';
import { checkCosignatures } from './check-cosignatures.ts';
import { Findings } from './findings.ts';
import { CHECKPOINT } from './format.ts';

const [ada, ben] = [testPerson('ada'), testPerson('ben')];
const witnesses = ['w1', 'w2'].map((name) => newSigner(`witness.example.org/${name}`));
const keys = witnesses.map((witness) => verifierKey(witness, COSIGNATURE));
const note = await createWitnessedLog().checkpoint(5);

type Verdicts = readonly ('proven' | 'unproven' | 'failed')[];

it.each<readonly [name: string, set: WitnessPolicy | null, given: WitnessPolicy | undefined, by: number, Verdicts]>([
  ['no rule', null, undefined, 2, []],
  ['the rule of the approver set, met', { threshold: 2, keys }, undefined, 2, ['proven']],
  ['the rule of the approver set, missed', { threshold: 2, keys }, undefined, 1, ['unproven']],
  ['the rule of the auditor, met', null, { threshold: 1, keys }, 1, ['proven']],
  ['the rule of the auditor, missed', { threshold: 1, keys }, { threshold: 2, keys }, 1, ['failed']],
])('%s', async (_name, policy, given, by, verdicts) => {
  const document = approverSetDocument(
    [ada, ben],
    testKey(),
    policy ? { witnesses: { ...policy, keys: [...policy.keys] } } : {},
  );
  const { approverSet } = signedApproverSet(document, [ada, ben]);
  const { text } = splitNote(note);
  const lines = witnesses.slice(0, by).map((witness) => signCosignature(text, 1_000_000, witness));
  const findings = new Findings();
  await checkCosignatures(new Map([[CHECKPOINT, Buffer.from(note + lines.join(''))]]), [approverSet], given, findings);
  expect(findings.all.map(({ verdict }) => verdict)).toEqual(verdicts);
});
