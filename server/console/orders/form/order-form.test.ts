import { describe, expect, it } from 'vitest';
import { orderAct, orderProposal } from '../../../../shared/api/orders.ts';
import { type OrderTerms, orderTermsSchema } from '../../../../shared/order/documents.ts';
import { draftOf, emptyForm, formOf, type OrderForm, orderForm, submission } from './order-form.ts';
import { meaning, NO_TIME, timeText, writtenAt } from './written-time.ts';

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
  travellers: 'deny',
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
    const written = writtenAt(TERMS.effective, TERMS.zone);
    expect(written).toMatchObject({ date: '2015-11-30', time: '23:59' });
    expect(timeText(written)).toBe(TERMS.effective);
  });

  it('gives local time once it is edited, nothing while half is missing', () => {
    expect(timeText({ date: '2015-11-30', time: '23:59', exact: null })).toBe('2015-11-30T23:59');
    expect(timeText({ ...NO_TIME, date: '2015-11-30' })).toBeUndefined();
    expect(timeText({ ...NO_TIME, time: '23:59' })).toBeUndefined();
  });

  it('midnight is the beginning of a day', () => {
    expect(writtenAt('2015-11-30T19:00:00.000Z', 'Asia/Karachi')).toMatchObject({ date: '2015-12-01', time: '00:00' });
  });

  it('keeps the day and the time of day when it is said which instant is meant', () => {
    const repeated = { date: '2015-11-01', time: '01:30', exact: null };
    const meant = meaning(repeated, '2015-11-01T01:30:00-05:00');
    expect([meant.date, meant.time, timeText(meant)]).toEqual(['2015-11-01', '01:30', '2015-11-01T01:30:00-05:00']);
  });
});

describe('from an order to the form and back', () => {
  it('changes nothing by itself', () => {
    const body = orderAct.parse(submission(formOf(TERMS), '2015-001'));
    const { act, exempt, ...terms } = body;
    expect([act, exempt]).toEqual(['revise', undefined]);
    expect(orderTermsSchema.parse(terms)).toEqual(TERMS);
  });

  it('takes the end away when the order is to last', () => {
    expect(draftOf({ ...formOf(TERMS), ends: false }, '2015-001').until).toBeNull();
  });

  it('survives the browser’s store', () => {
    const form = formOf(TERMS);
    expect(orderForm.parse(JSON.parse(JSON.stringify(form)))).toEqual(form);
  });
});

describe('from an empty form', () => {
  it('gives what is filled in and nothing else', () => {
    const draft = draftOf(empty, null);
    expect(draft).toEqual({
      act: 'propose',
      zone: 'Europe/Berlin',
      mode: 'suspend',
      unknown: 'allow',
      contested: 'allow',
      travellers: 'allow',
      visitors: 'PT0S',
      stale: 'keep',
      disputed: {},
      nexus: ['present'],
      until: null,
      appeal: 'legal@example.org',
      exempt: [],
    });
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
      groups: [{ value: group, label: 'Foreign missions' }],
      effective: { date: '2015-11-30', time: '23:59', exact: null },
    };
    const proposal = orderProposal.parse(submission(filled, null));
    expect(proposal).toMatchObject({ effective: '2015-11-30T23:59', exempt: [{ group }], areas: ['PK'] });
  });
});
