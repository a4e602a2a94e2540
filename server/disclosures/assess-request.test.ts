import { expect, it } from 'vitest';
import { sha256 } from '../../shared/order/digest.ts';
import { newAuthorityId, newPersonId } from '../../shared/protocol/ids.ts';
import { assessBody, assessRequest, authorityAndReference, type RequestFacts } from './assess-request.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-29T12:00:00Z');
const iso = (at: number) => new Date(at).toISOString();
const REQUEST = {
  person: newPersonId(),
  authority: newAuthorityId(),
  instrument: {
    type: 'court-order' as const,
    reference: 'B 1',
    issuer: 'Court',
    issuedAt: iso(NOW - DAY),
    expiresAt: iso(NOW + DAY),
    document: { title: 'Order', mediaType: 'application/pdf', bytes: 1, sha256: sha256('x') },
  },
  window: { from: iso(NOW - 90 * DAY), to: iso(NOW) },
  records: ['connection-log'],
};
const FACTS: RequestFacts = { account: 'known', authority: 'verified', instrumentUsed: false, documentStored: true };
const windowOf = (from: number, to: number) => ({ window: { from: iso(from), to: iso(to) } });
const instrument = (change: object) => ({ instrument: { ...REQUEST.instrument, ...change } });

it.each([
  ['90 days until now', {}, {}, null],
  ['an unknown account', {}, { account: 'unknown' }, 'account_unknown'],
  ['a missing document', {}, { documentStored: false }, 'instrument_missing'],
  ['an instrument of tomorrow', instrument({ issuedAt: iso(NOW + DAY) }), {}, 'instrument_missing'],
  ['a used instrument', {}, { instrumentUsed: true }, 'instrument_used'],
  ['an instrument that expires now', instrument({ expiresAt: iso(NOW) }), {}, 'instrument_expired'],
  ['an unknown authority', {}, { authority: 'unknown' }, 'authority_unverified'],
  ['an unconfirmed authority', {}, { authority: 'unconfirmed' }, 'authority_unverified'],
  ['a revoked authority', {}, { authority: 'revoked' }, 'authority_unverified'],
  ['a window that ends in the future', windowOf(NOW - DAY, NOW + 1), {}, 'future'],
  ['a window of 90 days and a millisecond', windowOf(NOW - 90 * DAY - 1, NOW), {}, 'window_too_long'],
  ['an empty window', windowOf(NOW, NOW), {}, 'window_open'],
  ['a window that ends before it begins', windowOf(NOW, NOW - DAY), {}, 'window_open'],
] as const)('assesses %s', (_, change, facts, reason) => {
  expect(assessRequest({ ...REQUEST, ...change }, { ...FACTS, ...facts }, NOW)).toBe(reason);
});

it.each([
  ['nothing', undefined, 'subject_empty'],
  ['a text', 'everyone', 'subject_empty'],
  ['a list of bodies', [REQUEST], 'subject_empty'],
  ['an empty list of people', { ...REQUEST, person: [] }, 'subject_empty'],
  ['a list with one person', { ...REQUEST, person: [REQUEST.person] }, 'subject_list'],
  ['people in an object', { ...REQUEST, person: { ids: [] } }, 'subject_list'],
  ['a range as an object', { ...REQUEST, person: { from: 'a', to: 'b' } }, 'subject_range'],
  ['a range in words', { ...REQUEST, person: 'per_a to per_b' }, 'subject_range'],
  ['all people', { ...REQUEST, person: 'All users' }, 'subject_everyone'],
  ['a percent sign', { ...REQUEST, person: 'per_%' }, 'subject_wildcard'],
  ['a group id', { ...REQUEST, person: 'grp_aaaaaaaaaaaaaaaa' }, 'subject_group'],
  ['a number', { ...REQUEST, person: 7 }, 'subject_empty'],
  ['keys before all else', { person: '*', records: ['encryption key'] }, 'keys'],
  ['interception', { ...REQUEST, records: ['live intercept'] }, 'wholesale'],
  ['location', { ...REQUEST, records: ['location'] }, 'content'],
  ['content as a text', { ...REQUEST, records: 'message content' }, 'content'],
  ['an instrument without a document', { ...REQUEST, ...instrument({ document: undefined }) }, 'instrument_missing'],
  ['an instrument without a reference', { ...REQUEST, ...instrument({ reference: '' }) }, 'instrument_missing'],
  ['a name in place of an authority', { ...REQUEST, authority: 'Court' }, 'authority_unverified'],
  ['an open end', { ...REQUEST, window: { from: iso(NOW - DAY) } }, 'window_open'],
  ['an end in words', { ...REQUEST, window: { from: iso(NOW), to: 'until further notice' } }, 'window_open'],
  ['a future end', { ...REQUEST, window: { from: iso(NOW), to: iso(NOW + DAY), extra: 1 } }, 'future'],
  ['a plain mistake', { ...REQUEST, deadline: 'soon' }, null],
])('names %s', (_, body, reason) => expect(assessBody(body, NOW)).toBe(reason));

it.each([
  ['a valid body', REQUEST, { authority: REQUEST.authority, reference: 'B 1' }],
  ['a body without the two fields', { person: '*' }, { authority: null, reference: null }],
  ['other types', { authority: ['x'], instrument: { reference: { a: 1 } } }, { authority: null, reference: null }],
  ['a text as the instrument', { authority: '  ', instrument: 'B 1' }, { authority: null, reference: null }],
  [
    'several lines',
    { authority: ' A\nB\u0000 ', instrument: { reference: 'B\t1' } },
    { authority: 'A B', reference: 'B 1' },
  ],
  ['no object', 'Court', { authority: null, reference: null }],
])('reads authority and reference of %s', (_, body, read) => expect(authorityAndReference(body)).toEqual(read));

it('cuts a long text of a refused body between characters', () => {
  const { authority, reference } = authorityAndReference({
    authority: 'a'.repeat(200),
    instrument: { reference: '😀'.repeat(200) },
  });
  expect(authority).toBe('a'.repeat(200));
  expect(reference).toBe(`${'😀'.repeat(99)}…`);
});
