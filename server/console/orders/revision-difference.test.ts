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
  travellers: 'allow',
  disputed: {},
  authority: 'the regulator',
  addressee: 'operators',
  instrument: 'a directive',
  statement: { en: 'Service ends.' },
  appeal: 'legal@example.org',
};
const BEFORE: Pick<Revision, 'status' | 'terms' | 'exempt'> = { status: 'active', terms: TERMS, exempt: [] };
const changed = (terms: Partial<OrderTerms>) => differences(BEFORE, { ...BEFORE, terms: { ...TERMS, ...terms } });

it('says nothing of what stays', () => {
  expect(changed({})).toEqual([]);
});

it('says a new date in the zone of the order', () => {
  expect(changed({ effective: '2015-12-30T18:59:00.000Z' })).toEqual([
    {
      label: 'Takes effect',
      before: '30 Nov 2015, 23:59 (Asia/Karachi, GMT+5)',
      after: '30 Dec 2015, 23:59 (Asia/Karachi, GMT+5)',
    },
  ]);
});

it('says what came and what went, by name', () => {
  expect(changed({ areas: ['IN', 'PK'], services: ['mail'], nexus: ['home'] })).toEqual([
    { label: 'Areas', before: null, after: 'India' },
    { label: 'Services', before: 'Messages', after: 'Mail' },
    { label: 'For a device that', before: 'Is there', after: 'Has its home there' },
  ]);
});

it('says each statement by its language, and who is exempt by number', () => {
  const commitment = 'a'.repeat(64);
  const after = {
    ...BEFORE,
    exempt: [{ commitment, until: null }],
    terms: { ...TERMS, statement: { ur: 'سروس ختم', en: 'Service ends.' } },
  };
  expect(differences(BEFORE, after)).toEqual([
    { label: 'Exempt', before: null, after: '1 device' },
    { label: 'Statement in Urdu', before: null, after: 'سروس ختم' },
  ]);
  expect(differences(after, BEFORE)[0]).toEqual({ label: 'Exempt', before: '1 device', after: null });
});

it.each([
  ['mode', { mode: 'exit' }, 'Kind'],
  ['unknown', { unknown: 'deny' }, 'Place not known'],
  ['contested', { contested: 'deny' }, 'Place in doubt'],
  ['travellers', { travellers: 'deny' }, 'Travellers'],
  ['waiting', { waiting: 'return' }, 'Waiting messages'],
  ['visitors', { visitors: 'P7D' }, 'Grace for visitors'],
  ['stale', { stale: 'deny' }, 'Expired order list'],
  ['disputed', { disputed: { kashmir: 'PK' } }, 'Disputed ground'],
  ['until', { until: '2016-01-30T18:59:00.000Z' }, 'Ends'],
  ['title', { title: 'Another' }, 'Title'],
  ['authority', { authority: 'a court' }, 'Authority'],
  ['addressee', { addressee: 'everyone' }, 'Addressee'],
  ['instrument', { instrument: 'a law' }, 'Instrument'],
  ['appeal', { appeal: 'nobody' }, 'Appeal'],
] as const)('no change of %s goes unsaid', (_, terms, label) => {
  expect(changed(terms).map((each) => each.label)).toEqual([label]);
});

it('says a hold and its release', () => {
  expect(differences(BEFORE, { ...BEFORE, status: 'held' })).toEqual([
    { label: 'The order', before: 'Carried out', after: 'On hold' },
  ]);
});
