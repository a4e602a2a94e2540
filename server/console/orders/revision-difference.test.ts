import { expect, it } from 'vitest';
import type { OrderTerms, Revision } from '../../../shared/order/documents.ts';
import { differences } from './revision-difference.ts';

const TERMS: OrderTerms = {
  title: 'Pakistan',
  areas: ['PK'],
  services: ['messaging'],
  nexus: ['present'],
  effective: '2015-11-30T18:59:00.000Z',
  until: null,
  zone: 'Asia/Karachi',
  mode: 'suspend',
  unknown: 'allow',
  contested: 'allow',
  stale: 'keep',
  visitors: 'PT0S',
  travelers: 'allow',
  disputed: {},
  authority: 'the regulator',
  addressee: 'operators',
  instrument: 'a directive',
  statement: { en: 'Service ends.' },
  appeal: 'legal@example.org',
};
const LETTER = { title: 'Letter', mediaType: 'application/pdf', bytes: 9, sha256: 'a'.repeat(64) };
const BEFORE: Pick<Revision, 'status' | 'terms' | 'exempt'> = { status: 'active', terms: TERMS, exempt: [] };
const changed = (terms: Partial<OrderTerms>) => differences(BEFORE, { ...BEFORE, terms: { ...TERMS, ...terms } });

it('omits unchanged terms', () => {
  expect(changed({})).toEqual([]);
});

it('shows a new date in the order’s time zone', () => {
  expect(changed({ effective: '2015-12-30T18:59:00.000Z' })).toEqual([
    {
      label: 'Takes effect',
      before: '30 Nov 2015, 23:59 (Asia/Karachi, GMT+5)',
      after: '30 Dec 2015, 23:59 (Asia/Karachi, GMT+5)',
    },
  ]);
});

it('names added and removed values', () => {
  expect(changed({ areas: ['IN', 'PK'], services: ['mail'], nexus: ['home'] })).toEqual([
    { label: 'Areas', before: null, after: 'India' },
    { label: 'Services', before: 'Messaging', after: 'Mail' },
    { label: 'Connection (nexus)', before: 'Is located in the area', after: 'Has its home in the area' },
  ]);
});

it('shows each statement with its language, and exempt devices as a number', () => {
  const commitment = 'a'.repeat(64);
  const after = {
    ...BEFORE,
    exempt: [{ commitment, until: null }],
    terms: { ...TERMS, statement: { ur: 'سروس ختم', en: 'Service ends.' } },
  };
  expect(differences(BEFORE, after)).toEqual([
    { label: 'Exempt devices', before: null, after: '1 device until the order ends' },
    { label: 'Statement in Urdu', before: null, after: 'سروس ختم' },
  ]);
  const was = { label: 'Exempt devices', before: '1 device until the order ends', after: null };
  expect(differences(after, BEFORE)[0]).toEqual(was);
});

it('shows the old and the new end of a changed exemption', () => {
  const until = (...ends: string[]) => ({
    ...BEFORE,
    exempt: ends.map((end, index) => ({ commitment: String(index).repeat(64), until: end })),
  });
  const [first, second] = ['2016-01-01T00:00:00.000Z', '2016-02-01T00:00:00.000Z'];
  expect(differences(until(first, first), until(first, second))).toEqual([
    {
      label: 'Exempt devices',
      before: '1 device until 1 Jan 2016, 05:00 (Asia/Karachi, GMT+5)',
      after: '1 device until 1 Feb 2016, 05:00 (Asia/Karachi, GMT+5)',
    },
  ]);
});

it.each<[string, Partial<OrderTerms>, string]>([
  ['mode', { mode: 'exit' }, 'Mode'],
  ['unknown', { unknown: 'deny' }, 'Devices with unknown location'],
  ['contested', { contested: 'deny' }, 'Devices with contested location'],
  ['travelers', { travelers: 'deny' }, 'Travelers'],
  ['waiting', { waiting: 'return' }, 'Undelivered messages and mail'],
  ['visitors', { visitors: 'P7D' }, 'Grace period for visitors'],
  ['stale', { stale: 'deny' }, 'Devices with expired order list'],
  ['disputed', { disputed: { kashmir: 'PK' } }, 'Disputed territories'],
  ['until', { until: '2016-01-30T18:59:00.000Z' }, 'Ends'],
  ['title', { title: 'Another' }, 'Title'],
  ['authority', { authority: 'a court' }, 'Authority'],
  ['addressee', { addressee: 'everyone' }, 'Addressee'],
  ['instrument', { instrument: 'a law' }, 'Instrument'],
  ['appeal', { appeal: 'nobody' }, 'Appeal contact'],
  ['receivedOn', { receivedOn: '2015-07-22' }, 'Received on'],
  ['answerBy', { answerBy: '2015-08-01T07:00:00.000Z' }, 'Answer due by'],
  ['provenance', { provenance: 'disputed' }, 'Provenance'],
  ['documents', { documents: [LETTER] }, 'Documents'],
  ['notice', { notice: { ur: 'سروس ختم' } }, 'Notice to users in Urdu'],
  ['publication', { publication: { law: 'section 5' } }, 'Publication'],
  ['noticePlan', { noticePlan: [] }, 'User notices'],
  ['exportWindow', { exportWindow: 'P30D' }, 'Export window'],
  ['answers', { answers: '2015-002' }, 'Response to'],
  ['internal', { internal: 'a'.repeat(64) }, 'Decision record'],
])('shows a change of %s', (_, terms, label) => {
  expect(changed(terms).map((each) => each.label)).toEqual([label]);
});

it('shows notice times, the publication date, and a replaced document of the same title', () => {
  expect(changed({ noticePlan: ['P7D', 'effective'] })[0]?.after).toBe('7 days before and at the effective time.');
  expect(changed({ publication: { until: '2015-08-09T19:00:00.000Z' } })[0]?.after).toContain(
    '10 Aug 2015, 00:00 (Asia/Karachi, GMT+5)',
  );
  const old = { ...BEFORE, terms: { ...TERMS, documents: [LETTER] } };
  const now = { ...BEFORE, terms: { ...TERMS, documents: [{ ...LETTER, sha256: 'b'.repeat(64) }] } };
  expect(differences(old, now)).toMatchObject([
    { before: expect.stringContaining('aaaa'), after: expect.stringContaining('bbbb') },
  ]);
});

it('shows a pause and a resumption', () => {
  expect(differences(BEFORE, { ...BEFORE, status: 'paused' })).toEqual([
    { label: 'State', before: 'Active', after: 'Paused' },
  ]);
});

it('shows that an area code has another meaning', () => {
  const polygon = { version: 1, title: 'Lahore', rings: [[0, 0, 1_000_000, 0, 1_000_000, 500_000]], touches: ['PK'] };
  const before = {
    ...TERMS,
    areas: ['XG-ours', 'XZ-lahore'],
    groups: { 'XG-ours': ['PK'] },
    polygons: { 'XZ-lahore': polygon },
  };
  const after = {
    ...before,
    groups: { 'XG-ours': ['IN', 'PK'] },
    polygons: { 'XZ-lahore': { ...polygon, version: 2, rings: [[0, 0, 1_000_000, 0, 1_000_000, 600_000]] } },
  };
  const [difference, ...others] = differences({ ...BEFORE, terms: before }, { ...BEFORE, terms: after });
  expect(others).toEqual([]);
  expect(difference).toEqual({
    label: 'Meaning of the areas',
    before:
      'Ours (group): PK and Lahore (polygon): Lahore, version 1, in PK; 1 outlines through 0,0 1,0 1,0.5 (longitude,latitude)',
    after:
      'Ours (group): IN, PK and Lahore (polygon): Lahore, version 2, in PK; 1 outlines through 0,0 1,0 1,0.6 (longitude,latitude)',
  });
});
