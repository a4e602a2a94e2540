import { expect, it } from 'vitest';
import { canonicalText } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { Revision } from '../../shared/order/documents.ts';
import { describeRevision, describeRoot } from './describe-revision.ts';

const revision: Revision = {
  installation: 'abc',
  order: '2015-001',
  revision: 2,
  previous: 'a'.repeat(64),
  act: 'extend',
  proposer: 'per_aaaaaaaaaaaaaaaa',
  proposedAt: '2015-11-29T10:00:00.000Z',
  status: 'active',
  heldSince: null,
  terms: {
    title: 'Pakistan',
    areas: ['PK'],
    services: ['messaging', 'mail'],
    nexus: ['present', 'home'],
    effective: '2015-12-30T18:59:00.000Z',
    until: null,
    zone: 'Asia/Karachi',
    mode: 'suspend',
    unknown: 'allow',
    contested: 'allow',
    stale: 'keep',
    visitors: 'P7D',
    travellers: 'allow',
    disputed: {},
    authority: 'PTA',
    addressee: 'the operator',
    instrument: 'letter of July 2015',
    statement: { en: 'Service ends.\u001b[2J' },
    appeal: 'legal@example.org',
  },
  exempt: [],
};
const payload = canonicalText(revision);
const asked = { order: '2015-001', revision: 2 };

it('says in words what the exact bytes say, with local time, name and digest', () => {
  const { digest, lines } = describeRevision(payload, asked);
  const text = lines.join('\n');
  expect(digest).toBe(sha256(payload));
  for (const words of [
    'revision 2 (extend)',
    'PK (Pakistan)',
    'messaging, mail',
    '2015-12-30T23:59:00+05:00',
    digest,
  ]) {
    expect(text).toContain(words);
  }
  expect(text).not.toContain('\u001b');
});

it('case 26: shows nothing, and so signs nothing, that is not the canonical form', () => {
  const bad = [
    payload.replace('{', '{ '),
    payload.replace('"act":"extend"', '"act":"extend","act":"hold"'),
    payload.replace('"exempt":[]', '"exempt":[],"zz":1'),
    payload.replace('"revision":2', '"revision":2.0'),
    '',
  ];
  for (const text of bad) {
    expect(() => describeRevision(text, asked)).toThrow(expect.objectContaining({ code: 'document_malformed' }));
  }
});

it('case 32: refuses the bytes of another order, revision or root than the one that was asked for', () => {
  expect(() => describeRevision(payload, { order: '2015-002', revision: 2 })).toThrow(/do not sign/);
  expect(() => describeRevision(payload, { order: '2015-001', revision: 3 })).toThrow(/do not sign/);
  expect(() => describeRoot(payload, 2)).toThrow(expect.objectContaining({ code: 'document_malformed' }));
});
