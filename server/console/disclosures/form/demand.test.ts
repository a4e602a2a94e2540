import { expect, it } from 'vitest';
import { newDisclosure } from '../../../../shared/api/disclosures.ts';
import { newAuthorityId, newPersonId } from '../../../../shared/protocol/ids.ts';
import { bodyOf, type DemandForm, EMPTY_DEMAND, NO_EXTRAS, problemsOf, windowFacts } from './demand.ts';

const NOW = Date.parse('2026-11-29T12:00:00.000Z');
const complete: DemandForm = {
  ...EMPTY_DEMAND,
  person: newPersonId(),
  authority: newAuthorityId(),
  type: 'court-order',
  reference: ' 7 Js 12/26 ',
  issuer: 'Landgericht Köln',
  issuedOn: '2026-11-01',
  validThrough: '2026-12-31',
  document: { title: 'Order.pdf', mediaType: 'application/pdf', bytes: 10, sha256: 'ab'.repeat(32) },
  from: '2026-10-01T00:00',
  to: '2026-10-08T00:00',
  records: ['connection-log'],
};

it('a complete form is a request that the API accepts', () => {
  expect([...problemsOf(complete)]).toEqual([]);
  expect(newDisclosure.parse(bodyOf(complete, NOW))).toMatchObject({
    person: complete.person,
    instrument: {
      reference: '7 Js 12/26',
      issuedAt: '2026-11-01T00:00:00.000Z',
      expiresAt: '2026-12-31T23:59:59.000Z',
    },
    window: { from: '2026-10-01T00:00:00.000Z', to: '2026-10-08T00:00:00.000Z' },
    deadline: null,
    objection: null,
    notice: { notBefore: null, basis: null },
  });
});

it('deadline, objection and delayed notice become part of the request', () => {
  const extras = {
    deadline: '2026-12-10T17:00',
    objection: 'Too long.',
    delayed: true,
    notBefore: '2027-01-01T00:00',
    basis: 'Section 101',
  };
  expect(newDisclosure.parse(bodyOf({ ...complete, extras }, NOW))).toMatchObject({
    deadline: '2026-12-10T17:00:00.000Z',
    objection: { text: 'Too long.', at: '2026-11-29T12:00:00.000Z' },
    notice: { notBefore: '2027-01-01T00:00:00.000Z', basis: 'Section 101' },
  });
});

it('an empty form names each missing entry', () => {
  expect([...problemsOf(EMPTY_DEMAND).keys()]).toEqual([
    ...['person', 'authority', 'type', 'reference', 'issuer', 'issuedOn', 'validThrough', 'document'],
    ...['from', 'to', 'records'],
  ]);
  expect([...problemsOf({ ...complete, extras: { ...NO_EXTRAS, delayed: true } }).keys()]).toEqual([
    'notBefore',
    'basis',
  ]);
});

it.each<[string, Partial<DemandForm>, object]>([
  ['other subject', { account: 'other', person: null, subject: 'everyone' }, { person: 'everyone' }],
  ['no instrument', { hasInstrument: false, type: null, document: null }, {}],
  ['open window', { hasWindow: false, to: '' }, { window: { from: '2026-10-01T00:00:00.000Z', to: null } }],
  ['other data', { asksOther: true, otherRecords: 'all messages' }, { records: ['connection-log', 'all messages'] }],
])('an over-wide demand is complete, and no request: %s', (_name, change, expected) => {
  const form = { ...complete, ...change };
  expect([...problemsOf(form)]).toEqual([]);
  const body = bodyOf(form, NOW);
  expect(body).toMatchObject(expected);
  expect(newDisclosure.safeParse(body).success).toBe(false);
});

it('says how long the window is, and whether it is in the past', () => {
  const facts = (from: string, to: string) => windowFacts({ from, to }, NOW);
  expect(facts('2026-10-01T00:00', '2026-10-08T00:00')).toBe('7 days, wholly in the past.');
  expect(facts('2026-11-29T00:00', '2026-11-29T12:01')).toBe('1 day, not wholly in the past.');
  expect(facts('2026-10-08T00:00', '2026-10-01T00:00')).toBe('The end is before the start.');
  expect(facts('', '2026-10-01T00:00')).toBeNull();
});
