import { describe, expect, it } from 'vitest';
import { orderAction, orderProposal } from '../../../../shared/api/order-proposals.ts';
import { type OrderTerms, orderTermsSchema } from '../../../../shared/order/documents.ts';
import { deviceIdSchema } from '../../../../shared/protocol/ids.ts';
import { localTimeAt, meaning, NO_TIME, timeText } from './local-time.ts';
import { NO_OPTIONS } from './optional-form.ts';
import {
  draftOf,
  emptyForm,
  exemptedAlready,
  exemptedOf,
  formOf,
  inZone,
  type OrderForm,
  orderForm,
  submission,
} from './order-form.ts';

const TERMS: OrderTerms = {
  title: 'Pakistan: enterprise messaging',
  areas: ['PK'],
  services: ['messaging', 'mail'],
  nexus: ['present', 'network'],
  effective: '2015-11-30T18:59:59.000Z',
  until: '2016-01-30T18:59:00.000Z',
  zone: 'Asia/Karachi',
  mode: 'suspend',
  unknown: 'deny',
  contested: 'allow',
  stale: 'keep',
  visitors: 'P7D',
  travelers: 'deny',
  disputed: { kashmir: 'PK' },
  authority: 'the regulator',
  addressee: 'operators',
  instrument: 'a directive',
  statement: { en: 'Service ends.', ur: 'سروس ختم' },
  appeal: 'legal@example.org',
};
const empty = emptyForm({ zone: 'Europe/Berlin', appeal: 'legal@example.org' });

describe('times', () => {
  it('converts an instant to local time and back, exact to the second', () => {
    const written = localTimeAt(TERMS.effective, TERMS.zone);
    expect(written).toMatchObject({ date: '2015-11-30', time: '23:59' });
    expect(timeText(written)).toBe(TERMS.effective);
  });

  it('returns local time after an edit, and nothing while the date or time is missing', () => {
    expect(timeText({ date: '2015-11-30', time: '23:59', exact: null })).toBe('2015-11-30T23:59');
    expect(timeText({ ...NO_TIME, date: '2015-11-30' })).toBeUndefined();
    expect(timeText({ ...NO_TIME, time: '23:59' })).toBeUndefined();
  });

  it('midnight belongs to the day that begins', () => {
    expect(localTimeAt('2015-11-30T19:00:00.000Z', 'Asia/Karachi')).toMatchObject({
      date: '2015-12-01',
      time: '00:00',
    });
  });

  it('keeps the date and time after the choice of one of two possible instants', () => {
    const repeated = { date: '2015-11-01', time: '01:30', exact: null };
    const meant = meaning(repeated, '2015-11-01T01:30:00-05:00');
    expect([meant.date, meant.time, timeText(meant)]).toEqual(['2015-11-01', '01:30', '2015-11-01T01:30:00-05:00']);
  });
});

describe('conversion from an order to the form and back', () => {
  it('returns the same order if the form is not edited', () => {
    const body = orderAction.parse(submission(formOf(TERMS), '2015-001'));
    const { action, exempt, ...terms } = body;
    expect([action, exempt]).toEqual(['revise', undefined]);
    const stated = Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== null));
    expect(orderTermsSchema.parse(stated)).toEqual(TERMS);
  });

  it('keeps a territory contested that the order leaves contested, whatever the policy', () => {
    const form = formOf({ ...TERMS, areas: ['PK', 'UA'] });
    const contested = { crimea: 'contested', donetsk: 'contested', luhansk: 'contested' };
    expect(form.disputed).toEqual({ kashmir: 'PK', ...contested });
    expect(draftOf(form, '2015-001').disputed).toEqual(form.disputed);
  });

  const MORE: Partial<OrderTerms> = {
    mode: 'exit',
    receivedOn: '2015-07-22',
    answerBy: '2015-08-01T07:00:00.000Z',
    provenance: 'disputed',
    answers: '2015-009',
    documents: [{ title: 'Letter', mediaType: 'application/pdf', bytes: 9, sha256: 'a'.repeat(64) }],
    notice: { ur: 'سروس ختم' },
    publication: { until: '2015-11-01T00:00:00.000Z' },
    noticePlan: ['P7D', 'effective'],
    exportWindow: 'P30D',
    authoritativeLanguage: 'ur',
  };

  it.each<[string, Partial<OrderTerms>]>([
    ['until a date', MORE],
    ['by law', { ...MORE, publication: { law: 'section 5' } }],
  ])('keeps the optional parts of an order that is withheld from the public %s', (_, more) => {
    const terms = { ...TERMS, ...more };
    const { action: _act, exempt: _exempt, ...body } = orderAction.parse(submission(formOf(terms), '2015-001'));
    expect(orderTermsSchema.parse(body)).toEqual(terms);
  });

  it('removes an emptied field from an existing order, and omits it from a new order', () => {
    const form = { ...formOf({ ...TERMS, ...MORE }), more: NO_OPTIONS };
    const nothing = { receivedOn: null, answerBy: null, publication: null, notice: null, documents: null };
    expect(draftOf(form, '2015-001')).toMatchObject({ ...nothing, noticePlan: null, answers: null, provenance: null });
    expect(Object.keys(draftOf(form, null))).not.toContain('publication');
    expect(Object.keys(draftOf(form, null))).not.toContain('decision');
  });

  it('sends a decision record once a part of it is filled, and sends incomplete times to the server', () => {
    const more = {
      ...NO_OPTIONS,
      considered: ' Whether to appeal. ',
      toBeAnswered: true,
      publication: 'until' as const,
    };
    expect(draftOf({ ...empty, more }, null)).toMatchObject({
      decision: { considered: 'Whether to appeal.' },
      answerBy: '',
      publication: { until: '' },
    });
  });

  it('keeps all entered times after a change of zone, with other instants', () => {
    const terms = { ...TERMS, ...MORE };
    const exempt = (value: string, until: OrderForm['until'] | null) => ({ value, label: value, until, reason: '' });
    const form: OrderForm = {
      ...formOf(terms),
      exemption: 'list',
      groups: [exempt('grp_aaaaaaaaaaaaaaaa', localTimeAt('2016-01-01T00:00:00.000Z', TERMS.zone))],
      devices: [
        exempt('dev_aaaaaaaaaaaaaaaa', localTimeAt('2015-12-31T18:59:00.000Z', TERMS.zone)),
        exempt('dev_bbbbbbbbbbbbbbbb', null),
      ],
    };
    const moved = { ...form, ...inZone(form, 'UTC') };
    expect(draftOf(moved, '2015-001')).toMatchObject({
      zone: 'UTC',
      effective: '2015-11-30T23:59',
      until: '2016-01-30T23:59',
      answerBy: '2015-08-01T12:00',
      publication: { until: '2015-11-01T05:00' },
      exempt: [
        { group: 'grp_aaaaaaaaaaaaaaaa', until: '2016-01-01T05:00' },
        { device: 'dev_aaaaaaaaaaaaaaaa', until: '2015-12-31T23:59' },
        { device: 'dev_bbbbbbbbbbbbbbbb' },
      ],
    });
    expect(draftOf({ ...form, ...inZone(form, TERMS.zone) }, '2015-001')).toEqual(draftOf(form, '2015-001'));
  });

  it('removes the end time of an order without an end', () => {
    expect(draftOf({ ...formOf(TERMS), ends: false }, '2015-001').until).toBeNull();
  });

  it('survives a round trip through browser storage', () => {
    const form = formOf(TERMS);
    expect(orderForm.parse(JSON.parse(JSON.stringify(form)))).toEqual(form);
  });
});

describe('exempt devices', () => {
  const [MISSION, CLINIC] = ['dev_aaaaaaaaaaaaaaaa', 'dev_bbbbbbbbbbbbbbbb'];
  const until = { date: '2016-01-31', time: '23:59', exact: null };

  it('are sent with end and reason, and without empty fields', () => {
    const devices = [
      { value: MISSION, label: 'A mission', until: null, reason: '  ' },
      { value: CLINIC, label: 'A clinic', until, reason: ' It treats people. ' },
    ];
    expect(draftOf({ ...empty, devices }, null).exempt).toEqual([
      { device: MISSION },
      { device: CLINIC, until: '2016-01-31T23:59', reason: 'It treats people.' },
    ]);
    const unsaid = [{ value: CLINIC, label: 'A clinic', until: NO_TIME, reason: '' }];
    expect(draftOf({ ...empty, devices: unsaid }, null).exempt).toEqual([{ device: CLINIC, until: '' }]);
  });

  it('keep their end and reason while they stay selected', () => {
    const exemption = { value: CLINIC, label: 'A clinic', until, reason: 'It treats people.' };
    const choices = [
      { value: CLINIC, label: 'another name' },
      { value: MISSION, label: 'A mission' },
    ];
    expect(exemptedOf([MISSION, CLINIC], [exemption], choices)).toEqual([
      { value: MISSION, label: 'A mission', until: null, reason: '' },
      exemption,
    ]);
  });

  it('come from the order without expired exemptions, exact to the millisecond', () => {
    const by = { decidedIn: 1, proposedBy: 'per_a', approvedBy: [] };
    const device = (id: string) => deviceIdSchema.parse(id);
    const now = Date.parse('2016-01-01T00:00:00Z');
    const already = exemptedAlready(
      [
        { ...by, device: device(MISSION), until: now, reason: null },
        { ...by, device: device(CLINIC), until: now + 1, reason: 'It treats people.' },
      ],
      TERMS.zone,
      now,
    );
    expect(already).toMatchObject([{ value: CLINIC, label: CLINIC, reason: 'It treats people.' }]);
    expect(draftOf({ ...empty, devices: already }, null).exempt).toEqual([
      { device: CLINIC, until: '2016-01-01T00:00:00.001Z', reason: 'It treats people.' },
    ]);
  });
});

describe('an empty form', () => {
  it('sends the filled fields only', () => {
    const draft = draftOf(empty, null);
    expect(draft).toEqual({
      action: 'propose',
      zone: 'Europe/Berlin',
      mode: 'suspend',
      unknown: 'allow',
      contested: 'allow',
      travelers: 'allow',
      visitors: 'PT0S',
      stale: 'keep',
      disputed: {},
      nexus: ['present'],
      until: null,
      // Language of the only statement, whose text is still empty.
      authoritativeLanguage: 'en',
      appeal: 'legal@example.org',
      exempt: [],
    });
  });

  it('uses the first statement’s language as authoritative by default, and adds none to an older order', () => {
    const statements = [
      { language: 'de', text: 'Der Dienst endet.' },
      { language: 'en', text: 'Service ends.' },
    ];
    const language = (form: Partial<OrderForm>, revises: string | null) =>
      draftOf({ ...empty, statements, ...form }, revises).authoritativeLanguage;
    expect(language({}, null)).toBe('de');
    expect(language({ authoritative: 'en' }, null)).toBe('en');
    expect(language({}, '2015-001')).toBeUndefined();
  });

  it('sends the rule for undelivered messages only after its selection, and only if the order suspends messaging', () => {
    const chosen: OrderForm = { ...empty, services: ['messaging'], waiting: 'return' };
    expect(draftOf(chosen, null).waiting).toBe('return');
    expect('waiting' in draftOf({ ...chosen, services: ['management'] }, null)).toBe(false);
    expect('waiting' in draftOf({ ...chosen, services: ['mail'] }, null)).toBe(true);
    expect(submission(formOf({ ...TERMS, waiting: 'deliver' }), '2015-001')).toMatchObject({ waiting: 'deliver' });
  });

  it('sends an empty end time as missing, not as absent', () => {
    expect(draftOf({ ...empty, ends: true }, null).until).toBe('');
  });

  it('omits texts that are empty or blank', () => {
    const statements = [
      { language: 'en', text: '  ' },
      { language: 'ur', text: ' سروس ختم ' },
      { language: '', text: 'of no language' },
    ];
    expect(draftOf({ ...empty, statements, title: '  ' }, null)).toMatchObject({ statement: { ur: 'سروس ختم' } });
    expect('title' in draftOf({ ...empty, title: '  ' }, null)).toBe(false);
  });

  it('becomes a valid proposal after all required fields are filled', () => {
    const group = 'grp_aaaaaaaaaaaaaaaa';
    const filled: OrderForm = {
      ...empty,
      ...formOf(TERMS),
      exemption: 'list',
      groups: [{ value: group, label: 'Foreign missions', until: null, reason: '' }],
      effective: { date: '2015-11-30', time: '23:59', exact: null },
    };
    const proposal = orderProposal.parse(submission(filled, null));
    expect(proposal).toMatchObject({ effective: '2015-11-30T23:59', exempt: [{ group }], areas: ['PK'] });
  });
});
