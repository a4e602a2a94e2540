import { expect, it } from 'vitest';
import { approverSetDocument, testKey } from '../../tests/support/signed-documents.ts';
import { attestationOf, attestationWords } from './attestation.ts';
import { encodeCanonical, parseDocument } from './canonical.ts';
import { approversSchema } from './documents.ts';

const people = ['per_aaaaaaaaaaaaaaaa', 'per_bbbbbbbbbbbbbbbb'].map((person) => ({ person, key: testKey() }));
const older = approverSetDocument(people, testKey());
const marked = (verified: number) => ({
  ...older,
  approvers: older.approvers.map((each, at) => (at < verified ? { ...each, attestation: 'verified' as const } : each)),
});

it.each([
  [0, 2, 'Self-attested: the installation has no proof of the e-mail addresses of all 2 approvers.'],
  [
    1,
    1,
    `Self-attested: the installation has no proof of the e-mail addresses of 1 of 2 approvers. Verified: key ${older.approvers[0]?.keyid.slice(0, 16)}….`,
  ],
  [2, 0, 'Verified: the installation proved the address or directory subject of every approver.'],
])('with %i verified approvers', (verified, selfAttested, words) => {
  const read = parseDocument(approversSchema, encodeCanonical(marked(verified)));
  expect(attestationOf(read)).toEqual({ people: 2, selfAttested });
  expect(attestationWords(read)).toBe(words);
});
