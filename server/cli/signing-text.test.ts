import { expect, it } from 'vitest';
import { canonicalText } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import { revisionDocument, TERMS } from '../../tests/support/signed-documents.ts';
import { approverSetText, revisionText } from './signing-text.ts';

it('prints a revision in columns, with control characters made visible', () => {
  const payload = canonicalText(
    revisionDocument({
      revision: 3,
      action: 'pause',
      proposer: 'per_aaaaaaaaaaaaaaaa',
      status: 'paused',
      pausedSince: '2016-01-01T00:00:00.000Z',
      exempt: [
        { commitment: 'b'.repeat(64), until: null },
        { commitment: 'c'.repeat(64), until: '2016-01-01T00:00:00.000Z' },
        { commitment: 'd'.repeat(64), until: null },
      ],
      terms: {
        ...TERMS,
        title: 'Pak\u001b[2Jistan',
        areas: ['EU', 'US-CA', 'XK'],
        until: '2016-07-01T12:30:15.500Z',
        zone: 'America/St_Johns',
        disputed: { crimea: 'UA', kashmir: 'PK' },
        statement: { en: 'Ends.', 'ur-PK': '\u202eسروس' },
      },
    }),
  );
  expect(revisionText(payload, { order: '2015-001', revision: 3 }).lines).toEqual([
    'Order 2015-001, revision 3 (pause): Pak\ufffd[2Jistan',
    '  new state        paused since 2016-01-01T00:00:00.000Z',
    '  areas            EU (European Union), US-CA (California), XK (Kosovo)',
    '  services         messaging, mail (suspend)',
    '  nexus            present or network',
    '  effective        2015-11-30T19:00:00.000Z = 2015-11-30T15:30:00-03:30[America/St_Johns]',
    '  until            2016-07-01T12:30:15.500Z = 2016-07-01T10:00:15-02:30[America/St_Johns]',
    '  location unknown allow; if contested: allow; if the order list has expired: keep',
    '  visitors         grace period P0D; travelers: allow',
    '  waiting messages stay on the server until the order ends',
    '  disputed territory crimea as UA, kashmir as PK',
    '  exempt           1 device until 2016-01-01T00:00:00.000Z = 2015-12-31T20:30:00-03:30[America/St_Johns]',
    '  exempt           2 devices until the order ends',
    '  authority        Regulator',
    '  addressee        operators',
    '  instrument       directive, July 2015',
    '  notices          at each notice time that has not passed',
    '  publication      public',
    '  statement (en)   Ends.',
    '  statement (ur-PK)   \u2068\ufffd\u0633\u0631\u0648\u0633\u2069',
    '  appeal           the legal desk',
    '  proposed by      per_aaaaaaaaaaaaaaaa at 2015-07-24T12:00:00.000Z',
    '  replaces         nothing: this is the first version',
    '  installation     ins_test',
    `SHA-256 ${sha256(payload)}`,
  ]);
});

it('prints an approver set with all approvers', () => {
  const [ada, ben, online] = ['a', 'b', 'c'].map((digit) => ({ keyid: digit.repeat(64), publicKey: 'AAAA' }));
  const payload = canonicalText({
    installation: 'ins_test',
    version: 3,
    previous: 'd'.repeat(64),
    threshold: 2,
    approvers: [
      { person: 'per_aaaaaaaaaaaaaaaa', ...ada },
      { person: 'per_bbbbbbbbbbbbbbbb', ...ben },
    ],
    onlineKeys: [online],
    issuedAt: '2016-01-01T00:00:00.000Z',
  });
  expect(approverSetText(payload, 3).lines).toEqual([
    'Approver set 3, installation ins_test',
    '  2 different people must approve an order. Approvers:',
    `  per_aaaaaaaaaaaaaaaa  key ${'a'.repeat(64)}`,
    `  per_bbbbbbbbbbbbbbbb  key ${'b'.repeat(64)}`,
    '  identity Self-attested: the installation has no proof of the e-mail addresses of all 2 approvers.',
    `  order lists are signed by key ${'c'.repeat(64)}`,
    `  replaces ${'d'.repeat(64)}`,
    `SHA-256 ${sha256(payload)}`,
  ]);
});
