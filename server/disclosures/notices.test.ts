import { expect, it } from 'vitest';
import type { DisclosureText } from '../../shared/disclosure/documents.ts';
import { newAuthorityId, newDisclosureId, newPersonId } from '../../shared/protocol/ids.ts';
import { noticeText } from './notices.ts';

const HASH = 'ab'.repeat(32);

const text: DisclosureText = {
  installation: 'ins_test',
  disclosure: newDisclosureId(),
  version: 1,
  person: newPersonId(),
  authority: { id: newAuthorityId(), name: 'Landgericht Köln', recipient: 'age1example', fingerprint: HASH },
  instrument: {
    type: 'court-order',
    reference: '7 Js 12/26',
    issuer: 'Landgericht Köln',
    issuedAt: '2026-11-01T00:00:00.000Z',
    expiresAt: '2026-12-31T00:00:00.000Z',
    document: { title: 'Order.pdf', mediaType: 'application/pdf', bytes: 4711, sha256: HASH },
  },
  window: { from: '2026-10-01T00:00:00.000Z', to: '2026-10-08T12:30:00.000Z' },
  records: ['connection-log', 'order-receipts'],
  deadline: null,
  objection: null,
  notice: { notBefore: null, basis: null },
  draftedBy: newPersonId(),
  draftedAt: '2026-11-29T12:30:05.123Z',
};

it('tells the person the authority, the instrument, the records and the window in words', () => {
  const lines = noticeText(text, Date.parse('2026-11-30T08:00:00.000Z')).split('\n');
  expect(lines).toEqual([
    'On 2026-11-30, your organization gave records about you to an authority.',
    'Authority: Landgericht Köln.',
    'Legal instrument: 7 Js 12/26 of 2026-11-01, by Landgericht Köln.',
    'Records: connection log, order receipts.',
    'Time covered: 2026-10-01 00:00 UTC to 2026-10-08 12:30 UTC.',
    'The records contain no content of messages or mail, because the server cannot decrypt it.',
    `Ask your organization about this disclosure with its number ${text.disclosure}.`,
  ]);
});
