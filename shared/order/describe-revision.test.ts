import fc from 'fast-check';
import { expect, it } from 'vitest';
import { approverSetDocument, testKey, testPerson } from '../../tests/support/signed-documents.ts';
import { canonicalText } from './canonical.ts';
import { describeApproverSet, describeRevision } from './describe-revision.ts';
import { type Approvers, type OrderTerms, orderTermsSchema, type Revision } from './documents.ts';

const revision: Revision = {
  installation: 'abc',
  order: '2015-001',
  revision: 2,
  previous: 'a'.repeat(64),
  action: 'extend',
  proposer: 'per_aaaaaaaaaaaaaaaa',
  proposedAt: '2015-11-29T10:00:00.000Z',
  status: 'active',
  pausedSince: null,
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
    travelers: 'allow',
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

const shown = (document: Revision, label: string) =>
  describeRevision(canonicalText(document), asked).lines.find((line) => line.label === label)?.value;

it('describes the exact bytes in words, with local times and names', () => {
  const { document, title, lines } = describeRevision(payload, asked);
  expect(document).toEqual(revision);
  expect(title).toBe('Order 2015-001, revision 2 (extend): Pakistan');
  expect(lines).toContainEqual({ label: 'areas', value: 'PK (Pakistan)' });
  expect(lines).toContainEqual({ label: 'services', value: 'messaging, mail (suspend)' });
  expect(lines).toContainEqual({ label: 'statement', language: 'en', value: 'Service ends.\u001b[2J' });
  expect(lines).toContainEqual({
    label: 'effective',
    value: '2015-12-30T18:59:00.000Z = 2015-12-30T23:59:00+05:00[Asia/Karachi]',
  });
});

it('says of a change of a paused order that the pause then has no end, and when one person’s pause would have ended', () => {
  const held = { ...revision, status: 'paused', pausedSince: '2015-11-28T10:00:00.000Z' } as const;
  const line = describeRevision(canonicalText(held), asked).lines.find(({ label }) => label === 'pause');
  expect(line).toMatchObject({ grave: true, value: expect.stringContaining('lasts until the order is resumed') });
  expect(line?.value).toContain('2015-12-01T10:00:00.000Z = 2015-12-01T15:00:00+05:00[Asia/Karachi]');
  expect(shown({ ...held, action: 'pause' }, 'pause')).toBeUndefined();
  expect(shown(revision, 'pause')).toBeUndefined();
});

it('shows the same local time as Temporal, in every zone and on both sides of every clock change', () => {
  const zones = fc.constantFrom(...Intl.supportedValuesOf('timeZone'), 'UTC');
  const instants = fc.date({ min: new Date('1973-01-01'), max: new Date('2150-01-01'), noInvalidDate: true });
  fc.assert(
    fc.property(zones, instants, (zone, at) => {
      const effective = at.toISOString();
      const local = Temporal.Instant.from(effective).toZonedDateTimeISO(zone).toString({ smallestUnit: 'second' });
      const document = { ...revision, terms: { ...revision.terms, effective, zone } };
      expect(shown(document, 'effective')).toBe(`${effective} = ${local}`);
    }),
    { numRuns: 500 },
  );
});

/** Every field of the terms, each with a different value. */
const EVERY: Readonly<Record<keyof OrderTerms, readonly [unknown, unknown]>> = {
  title: ['Pakistan', 'India'],
  areas: [['PK'], ['IN']],
  groups: [{ 'XG-sales': ['PK'] }, { 'XG-sales': ['IN', 'PK'] }],
  polygons: [
    { 'XZ-lahore': { version: 1, title: 'Lahore', rings: [[0, 0, 1, 0, 1, 1]], touches: ['PK'] } },
    { 'XZ-lahore': { version: 1, title: 'Lahore', rings: [[0, 0, 1, 0, 1, 2]], touches: ['PK'] } },
  ],
  services: [['messaging'], ['messaging', 'mail']],
  nexus: [['present'], ['home']],
  effective: ['2015-12-30T18:59:00.000Z', '2015-12-30T18:59:01.000Z'],
  until: [null, '2016-12-30T18:59:00.000Z'],
  zone: ['Asia/Karachi', 'UTC'],
  mode: ['suspend', 'exit'],
  unknown: ['allow', 'deny'],
  contested: ['allow', 'deny'],
  stale: ['keep', 'allow'],
  visitors: ['P7D', 'P8D'],
  travelers: ['allow', 'deny'],
  waiting: ['hold', 'return'],
  disputed: [{}, { kashmir: 'PK' }],
  authority: ['PTA', 'another'],
  addressee: ['the operator', 'another'],
  instrument: ['a letter', 'another'],
  statement: [{ en: 'Service ends.' }, { ur: 'Service ends.' }],
  authoritativeLanguage: ['en', 'ur'],
  appeal: ['the desk', 'another'],
  receivedOn: ['2015-07-22', '2015-07-23'],
  answerBy: ['2015-08-01T10:00:00.000Z', '2015-08-02T10:00:00.000Z'],
  provenance: ['asserted', 'disputed'],
  documents: [
    [{ title: 'letter', mediaType: 'application/pdf', bytes: 10, sha256: 'a'.repeat(64) }],
    [{ title: 'letter', mediaType: 'application/pdf', bytes: 10, sha256: 'b'.repeat(64) }],
  ],
  notice: [{ ur: 'سروس ختم' }, { ur: 'سروس' }],
  publication: [{ law: 'section 5' }, { until: '2015-12-01T00:00:00.000Z' }],
  noticePlan: [['P7D', 'effective'], []],
  exportWindow: ['P30D', 'P60D'],
  answers: ['2015-002', '2015-003'],
  internal: ['c'.repeat(64), 'd'.repeat(64)],
};

it.each(Object.keys(orderTermsSchema.shape) as (keyof OrderTerms)[])(
  'shows the term %s to the signer: its value, another value, and its absence',
  (field) => {
    const whole = Object.fromEntries(Object.entries(EVERY).map(([name, [first]]) => [name, first]));
    const said = (terms: object) => {
      const text = canonicalText({ ...revision, terms: orderTermsSchema.parse(terms) });
      const { title, lines } = describeRevision(text, asked);
      return JSON.stringify([title, lines]);
    };
    const { [field]: first, ...rest } = whole;
    expect(said({ ...whole, [field]: EVERY[field][1] })).not.toBe(said(whole));
    expect(first).toBeDefined();
    if (orderTermsSchema.shape[field].safeParse(undefined).success && field !== 'waiting') {
      expect(said(rest)).not.toBe(said(whole));
    }
  },
);

it('says that approvers also sign a stub', () => {
  expect(shown(revision, 'withheld')).toBeUndefined();
  expect(shown({ ...revision, salt: 'e'.repeat(64) }, 'withheld')).toContain('e'.repeat(64));
});

it('says by which law an order is withheld, and that an order without the field is public', () => {
  const of = (terms: Partial<OrderTerms>) =>
    shown({ ...revision, terms: { ...revision.terms, ...terms } }, 'publication');
  expect(of({})).toBe('public');
  expect(of({ publication: { law: 'section 5' } })).toMatch(/^withheld: .*by law: section 5$/);
  expect(of({ publication: { until: '2015-12-01T00:00:00.000Z' } })).toContain('2015-12-01T05:00:00+05:00');
});

it.each([
  [undefined, 'stay on the server until the order ends'],
  ['hold', 'stay on the server until the order ends'],
  ['deliver', 'are delivered if the server accepted them before; later messages stay on the server'],
  ['return', 'are returned to their senders, including messages sent during the order'],
] as const)('says of the rule %s for waiting messages that they %s', (waiting, words) => {
  const document = { ...revision, terms: { ...revision.terms, ...(waiting && { waiting }) } };
  expect(shown(document, 'waiting messages')).toBe(words);
  // Terms without a value for the field have the same bytes as before.
  expect(canonicalText(document).includes('waiting')).toBe(waiting !== undefined);
  const mail: Revision = { ...document, terms: { ...document.terms, services: ['mail'] } };
  expect(shown(mail, 'waiting messages')).toBe(words);
  const enrollment: Revision = { ...document, terms: { ...document.terms, services: ['enrollment'] } };
  expect(shown(enrollment, 'waiting messages')).toBe(waiting && words);
});

it('refuses an unknown time zone', () => {
  const document = { ...revision, terms: { ...revision.terms, zone: 'Mars/Olympus' } };
  expect(() => describeRevision(canonicalText(document), asked)).toThrow(
    expect.objectContaining({ code: 'document_malformed' }),
  );
});

it('case 26: refuses to show, and so to sign, bytes that are not in canonical form', () => {
  const bad = [
    payload.replace('{', '{ '),
    payload.replace('"action":"extend"', '"action":"extend","action":"pause"'),
    payload.replace('"exempt":[]', '"exempt":[],"zz":1'),
    payload.replace('"revision":2', '"revision":2.0'),
    '',
  ];
  for (const text of bad) {
    expect(() => describeRevision(text, asked)).toThrow(expect.objectContaining({ code: 'document_malformed' }));
  }
});

it('case 32: refuses the bytes of another order, revision or approver set than the requested one', () => {
  expect(() => describeRevision(payload, { order: '2015-002', revision: 2 })).toThrow(/do not sign/i);
  expect(() => describeRevision(payload, { order: '2015-001', revision: 3 })).toThrow(/do not sign/i);
  expect(() => describeApproverSet(payload, 2)).toThrow(expect.objectContaining({ code: 'document_malformed' }));
});

it('marks a changed organization key, and a key that cannot be compared', () => {
  const [ada, ben, online] = [testPerson('ada'), testPerson('ben'), testKey()];
  const newKey = () => {
    const { keyid, publicKey } = testKey();
    return { keyid, publicKey };
  };
  const [kept, made, gone] = [newKey(), newKey(), newKey()];
  const approverSet = (organizationKeys: (typeof kept)[]) =>
    approverSetDocument([ada, ben], online, { organizationKeys });
  const grave = (before?: Approvers | null) =>
    describeApproverSet(canonicalText(approverSet([kept, made])), 1, before)
      .lines.filter((line) => line.grave)
      .map(({ value }) => value.slice(4, 68));
  expect(grave(approverSet([kept, gone]))).toEqual([made.keyid, gone.keyid]);
  expect(grave(approverSet([kept, made]))).toEqual([]);
  expect(grave(approverSetDocument([ada, ben], online))).toEqual([kept.keyid, made.keyid]);
  expect(grave(null)).toEqual([kept.keyid, made.keyid]);
  expect(grave()).toEqual([]);
  const { lines } = describeApproverSet(canonicalText(approverSetDocument([ada, ben], online)), 1, approverSet([kept]));
  expect(lines.filter((line) => line.grave).map(({ label }) => label)).toEqual(['devices are no longer verified by']);
});
