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
  it('reads an instant as its zone shows it, and gives it back to the second', () => {
    const written = localTimeAt(TERMS.effective, TERMS.zone);
    expect(written).toMatchObject({ date: '2015-11-30', time: '23:59' });
    expect(timeText(written)).toBe(TERMS.effective);
  });

  it('gives local time once it is edited, nothing while half is missing', () => {
    expect(timeText({ date: '2015-11-30', time: '23:59', exact: null })).toBe('2015-11-30T23:59');
    expect(timeText({ ...NO_TIME, date: '2015-11-30' })).toBeUndefined();
    expect(timeText({ ...NO_TIME, time: '23:59' })).toBeUndefined();
  });

  it('midnight is the beginning of a day', () => {
    expect(localTimeAt('2015-11-30T19:00:00.000Z', 'Asia/Karachi')).toMatchObject({
      date: '2015-12-01',
      time: '00:00',
    });
  });

  it('keeps the day and the time of day when it is said which instant is meant', () => {
    const repeated = { date: '2015-11-01', time: '01:30', exact: null };
    const meant = meaning(repeated, '2015-11-01T01:30:00-05:00');
    expect([meant.date, meant.time, timeText(meant)]).toEqual(['2015-11-01', '01:30', '2015-11-01T01:30:00-05:00']);
  });
});

describe('from an order to the form and back', () => {
  it('changes nothing by itself', () => {
    const body = orderAction.parse(submission(formOf(TERMS), '2015-001'));
    const { action, exempt, ...terms } = body;
    expect([action, exempt]).toEqual(['revise', undefined]);
    const said = Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== null));
    expect(orderTermsSchema.parse(said)).toEqual(TERMS);
  });

  it('says of ground that the order leaves contested that it is so, and no policy changes it', () => {
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
    noticePlan: ['P7D', 'entry'],
    exportWindow: 'P30D',
    authoritativeLanguage: 'ur',
  };

  it.each<[string, Partial<OrderTerms>]>([
    ['until a day', MORE],
    ['by law', { ...MORE, publication: { law: 'section 5' } }],
  ])('keeps what an order need not say: kept from the public %s', (_, more) => {
    const terms = { ...TERMS, ...more };
    const { action: _act, exempt: _exempt, ...body } = orderAction.parse(submission(formOf(terms), '2015-001'));
    expect(orderTermsSchema.parse(body)).toEqual(terms);
  });

  it('takes away what is emptied, and says nothing of it in a new order', () => {
    const form = { ...formOf({ ...TERMS, ...MORE }), more: NO_OPTIONS };
    const nothing = { receivedOn: null, answerBy: null, publication: null, notice: null, documents: null };
    expect(draftOf(form, '2015-001')).toMatchObject({ ...nothing, noticePlan: null, answers: null, provenance: null });
    expect(Object.keys(draftOf(form, null))).not.toContain('publication');
    expect(Object.keys(draftOf(form, null))).not.toContain('decision');
  });

  it('has a record of the decision taken up as soon as a part of it is written, and no time that is half given passed over', () => {
    const more = {
      ...NO_OPTIONS,
      considered: ' Whether to appeal. ',
      toBeAnswered: true,
      publication: 'until' as const,
    };
    expect(draftOf({ ...empty, more }, null)).toMatchObject({
      ...{ decision: { considered: 'Whether to appeal.' }, answerBy: '', publication: { until: '' } },
    });
  });

  it('leaves every time as it is written when its zone is another, and means other instants by it', () => {
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

  it('takes the end away when the order is to last', () => {
    expect(draftOf({ ...formOf(TERMS), ends: false }, '2015-001').until).toBeNull();
  });

  it('survives the browser’s store', () => {
    const form = formOf(TERMS);
    expect(orderForm.parse(JSON.parse(JSON.stringify(form)))).toEqual(form);
  });
});

describe('who is exempt', () => {
  const [MISSION, CLINIC] = ['dev_aaaaaaaaaaaaaaaa', 'dev_bbbbbbbbbbbbbbbb'];
  const until = { date: '2016-01-31', time: '23:59', exact: null };

  it('is sent with its end and its reason, and without what is not said', () => {
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

  it('keeps what was said of those who stay chosen', () => {
    const said = { value: CLINIC, label: 'A clinic', until, reason: 'It treats people.' };
    const choices = [
      { value: CLINIC, label: 'another name' },
      { value: MISSION, label: 'A mission' },
    ];
    expect(exemptedOf([MISSION, CLINIC], [said], choices)).toEqual([
      { value: MISSION, label: 'A mission', until: null, reason: '' },
      said,
    ]);
  });

  it('is taken over from the order but for what has run out, to the millisecond', () => {
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

describe('from an empty form', () => {
  it('gives what is filled in and nothing else', () => {
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
      // The language of the only statement, whose text is still empty.
      authoritativeLanguage: 'en',
      appeal: 'legal@example.org',
      exempt: [],
    });
  });

  it('takes the language of the first statement for authoritative until another is chosen, and adds none to an older order', () => {
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

  it('a rule for waiting messages is said once it is chosen, of an order that shuts messaging', () => {
    const chosen: OrderForm = { ...empty, services: ['messaging'], waiting: 'return' };
    expect(draftOf(chosen, null).waiting).toBe('return');
    expect('waiting' in draftOf({ ...chosen, services: ['mail'] }, null)).toBe(false);
    expect(submission(formOf({ ...TERMS, waiting: 'deliver' }), '2015-001')).toMatchObject({ waiting: 'deliver' });
  });

  it('an end that is not given yet is missing, not absent', () => {
    expect(draftOf({ ...empty, ends: true }, null).until).toBe('');
  });

  it('leaves out a language without words, and words of blanks', () => {
    const statements = [
      { language: 'en', text: '  ' },
      { language: 'ur', text: ' سروس ختم ' },
      { language: '', text: 'of no language' },
    ];
    expect(draftOf({ ...empty, statements, title: '  ' }, null)).toMatchObject({ statement: { ur: 'سروس ختم' } });
    expect('title' in draftOf({ ...empty, title: '  ' }, null)).toBe(false);
  });

  it('is a proposal that the API takes once it is filled', () => {
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
