import { expect, it } from 'vitest';
import { canonicalText } from '../order/canonical.ts';
import { newAuthorityId, newDisclosureId, newPersonId } from '../protocol/ids.ts';
import { describeDisclosure, describeStatement, noticeWords, windowWords } from './describe.ts';
import { type DisclosureText, TRANSPARENCY_STATEMENT } from './documents.ts';

const HASH = 'ab'.repeat(32);
const disclosure = newDisclosureId();
const person = newPersonId();

const text = (change: Partial<DisclosureText> = {}): DisclosureText => ({
  installation: 'ins_test',
  disclosure,
  version: 2,
  person,
  authority: { id: newAuthorityId(), name: 'Landgericht Köln', recipient: 'age1example', fingerprint: HASH },
  instrument: {
    type: 'court-order',
    reference: '7 Js 12/26',
    issuer: 'Landgericht Köln',
    issuedAt: '2026-11-01T00:00:00.000Z',
    expiresAt: '2026-12-31T00:00:00.000Z',
    document: { title: 'Order.pdf', mediaType: 'application/pdf', bytes: 4711, sha256: HASH },
  },
  window: { from: '2026-10-01T00:00:00.000Z', to: '2026-10-08T00:00:00.000Z' },
  records: ['connection-log'],
  deadline: null,
  objection: null,
  notice: { notBefore: null, basis: null },
  draftedBy: newPersonId(),
  draftedAt: '2026-11-29T12:30:05.123Z',
  ...change,
});

const wordsOf = (payload: string, label: string, of = { disclosure, version: 2 }) =>
  describeDisclosure(payload, of).lines.find((line) => line.label === label)?.value;

it('states the one account, the authority with its key, the instrument, the window and the records', () => {
  const payload = canonicalText(text());
  expect(describeDisclosure(payload, { disclosure, version: 2 }).title).toBe(
    `Request ${disclosure}, version 2: records of one account for Landgericht Köln`,
  );
  expect(wordsOf(payload, 'account')).toBe(`${person}, and no other account`);
  expect(wordsOf(payload, 'key of the authority')).toBe('age1example');
  expect(wordsOf(payload, 'instrument')).toBe('Court order 7 Js 12/26');
  expect(wordsOf(payload, 'document')).toBe(`Order.pdf (application/pdf, 4711 bytes, SHA-256 ${HASH})`);
  expect(wordsOf(payload, 'window')).toBe('2026-10-01 00:00 UTC until 2026-10-08 00:00 UTC (7 days)');
  expect(wordsOf(payload, 'Connection log')).toMatch(/network address/);
  expect(wordsOf(payload, 'Enrollment record')).toBeUndefined();
  expect(wordsOf(payload, 'content')).toMatch(/^none/);
});

it('states every field of the text', () => {
  const notice = { notBefore: '2027-02-01T00:00:00.000Z', basis: 'Section 101 StPO' };
  const objection = { text: 'The window is too long.', at: '2026-11-20T08:00:00.000Z' };
  const document = text({ notice, objection, deadline: '2026-12-10T17:00:00.000Z' });
  const { title, lines } = describeDisclosure(canonicalText(document), { disclosure, version: 2 });
  const words = [title, ...lines.map(({ label, value }) => `${label}: ${value}`)].join('\n');
  const leaves = (value: unknown): string[] =>
    typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(leaves)
      : value === null
        ? []
        : [String(value)];
  const written = leaves({ ...document, instrument: { ...document.instrument, type: 'Court order' }, records: [] });
  for (const each of written) {
    expect(words).toContain(each.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d.*?)((:00)?\.000)?Z$/, '$1 $2 UTC'));
  }
});

it('marks a delayed notice as grave, because the person does not learn of the production', () => {
  const notice = { notBefore: '2027-02-01T00:00:00.000Z', basis: 'Section 101 StPO' };
  const { lines } = describeDisclosure(canonicalText(text({ notice })), { disclosure, version: 2 });
  expect(lines.filter(({ grave }) => grave)).toEqual([
    {
      label: 'notice to the person',
      value: 'not before 2027-02-01 00:00 UTC, on this legal basis: Section 101 StPO',
      grave: true,
    },
  ]);
  expect(noticeWords({ notBefore: null, basis: null })).toBe(
    'at once after the production, on the devices of the person',
  );
});

it('refuses a text of another request, of another version, and bytes that are not canonical', () => {
  const payload = canonicalText(text());
  expect(() => describeDisclosure(payload, { disclosure, version: 1 })).toThrow('Do not sign it');
  expect(() => describeDisclosure(payload, { disclosure: newDisclosureId(), version: 2 })).toThrow('Do not sign it');
  expect(() => describeDisclosure(` ${payload}`, { disclosure, version: 2 })).toThrow('canonical');
  const wide = JSON.stringify({ ...text(), person: [person, newPersonId()] });
  expect(() => describeDisclosure(wide, { disclosure, version: 2 })).toThrow();
});

it('counts a part of a day as a day', () => {
  expect(windowWords({ from: '2026-10-01T00:00:00.000Z', to: '2026-10-01T00:00:01.500Z' })).toBe(
    '2026-10-01 00:00 UTC until 2026-10-01 00:00:01.500 UTC (1 day)',
  );
});

it('states the words, the validity and every key of a transparency statement', () => {
  const payload = canonicalText({
    installation: 'ins_test',
    organization: 'Exempel',
    statement: TRANSPARENCY_STATEMENT,
    date: '2026-11-29T00:00:00.000Z',
    expires: '2026-12-29T00:00:00.000Z',
    proposedBy: newPersonId(),
    keys: [
      { use: 'Issuing CA', opens: 'Nothing. The key signs certificates.', publicKey: HASH },
      { use: 'Key-encryption key', opens: 'The keys of persons.', publicKey: null },
    ],
  });
  const { lines, title } = describeStatement(payload);
  const words = lines.map(({ label, value }) => `${label}: ${value}`);
  expect(title).toBe('Statement of Exempel, 2026-11-29 00:00 UTC');
  expect(words[0]).toBe(`statement: ${TRANSPARENCY_STATEMENT}`);
  expect(words).toContain(`key: Issuing CA: Nothing. The key signs certificates. (public key, SHA-256 ${HASH})`);
  expect(words).toContain('key: Key-encryption key: The keys of persons.');
  expect(words[1]).toContain('2026-12-29 00:00 UTC');
});
