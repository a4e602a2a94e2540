/** Rules of an order's terms and of a draft, as tables. */
import { describe, expect, it } from 'vitest';
import { isCordonError } from '../../../shared/errors.ts';
import type { OrderAction, OrderTerms } from '../../../shared/order/documents.ts';
import { TERMS } from '../../../tests/support/signed-documents.ts';
import { Objections } from './objections.ts';
import { readTerms, readTime, type TermsDraft, type TermsInput } from './terms.ts';

const NOW = Date.parse('2015-07-24T12:00:00.000Z');
describe('terms', () => {
  const input: TermsInput = { ...TERMS, effective: '2015-12-01T00:00', zone: 'Asia/Karachi' };
  /** Parsed terms, or the code of the first objection. */
  const read = (action: OrderAction, draft: TermsDraft, base: OrderTerms | null, now: number) => {
    const objections = new Objections();
    const { terms } = readTerms(action, draft, { base, appeal: 'the desk' }, now, objections);
    return objections.all[0]?.error.code ?? terms;
  };
  const made = (changes: Partial<TermsInput>, now = NOW) => read('propose', { ...input, ...changes }, null, now);

  it('states times in UTC, and each area and service once', () => {
    const terms = made({ areas: ['PK', 'IN', 'PK'], services: ['mail', 'messaging', 'mail'], appeal: undefined });
    expect(terms).toMatchObject({
      effective: '2015-11-30T19:00:00.000Z',
      areas: ['IN', 'PK'],
      services: ['messaging', 'mail'],
      appeal: 'the desk',
    });
  });

  it.each([
    ['any country', '*'],
    ['nothing', ''],
    ['lower case', 'pk'],
    ['look-alike letters', 'РК'],
    ['a leading blank', ' PK'],
    ['a withdrawn code', 'AN'],
    ['a code that never was', 'ZZ'],
  ])('case 30: rejects an order for %s', (_name, area) => {
    expect(made({ areas: ['PK', area] })).toBe('unknown_area');
  });

  it('case 30: rejects an order without an area', () => {
    expect(made({ areas: [] })).toBe('invalid_input');
  });

  it.each<[string, Partial<TermsInput>, string]>([
    ['a service that does not exist', { services: ['voice'] }, 'unknown_service'],
    ['no service', { services: [] }, 'invalid_input'],
    ['a disputed territory that does not exist', { disputed: { atlantis: 'PK' } }, 'unknown_territory'],
    ['a territory map with an unknown area', { disputed: { kashmir: 'XX' } }, 'unknown_area'],
    ['a zone that does not exist', { zone: 'Asia/Atlantis' }, 'invalid_input'],
    ['a date that does not exist', { effective: '2015-02-30T00:00' }, 'invalid_input'],
    ['a date without a time', { effective: '2015-12-01' }, 'invalid_input'],
    ['a grace period in months', { visitors: 'P1M' }, 'invalid_input'],
  ])('rejects %s', (_name, changes, expected) => {
    expect(made(changes)).toBe(expected);
  });

  it.each<[string, Partial<TermsInput>, string]>([
    ['in the past', { effective: '2015-07-24T16:59' }, 'effective_in_past'],
    ['in the past, with an offset', { effective: '2015-07-24T11:59:59Z' }, 'effective_in_past'],
    ['after the end', { until: '2015-11-30T23:59' }, 'until_before_effective'],
    ['equal to the end', { until: '2015-12-01T00:00' }, 'until_before_effective'],
    ['in a skipped hour', { zone: 'Asia/Beirut', effective: '2016-03-27T00:30' }, 'ambiguous_local_time'],
    ['in a repeated hour', { zone: 'Europe/Berlin', effective: '2015-10-25T02:30' }, 'ambiguous_local_time'],
    ['with an end in a skipped hour', { zone: 'Asia/Beirut', until: '2016-03-27T00:00' }, 'ambiguous_local_time'],
  ])('case 34: rejects an effective time %s', (_name, changes, expected) => {
    expect(made(changes)).toBe(expected);
  });

  it('case 34: suggests the two instants of an ambiguous time, and accepts both', () => {
    for (const [zone, written, suggestions] of [
      ['Europe/Berlin', '2015-10-25T02:30', ['2015-10-25T02:30:00+02:00', '2015-10-25T02:30:00+01:00']],
      ['Asia/Beirut', '2016-03-27T00:30', ['2016-03-26T23:30:00+02:00', '2016-03-27T01:30:00+03:00']],
    ] as const) {
      try {
        readTime(written, zone);
        expect.unreachable();
      } catch (error) {
        expect(isCordonError(error) && error.context['suggestions']).toEqual(suggestions);
      }
      for (const each of suggestions) expect(readTime(each, zone)).toBe(Date.parse(each));
    }
  });

  it('case 34: accepts an unchanged effective time in the past', () => {
    const later = Date.parse('2016-01-01T00:00:00.000Z');
    const changed = (action: OrderAction, changes: TermsDraft) => read(action, changes, TERMS, later);
    expect(changed('resume', {})).toEqual(TERMS);
    expect(changed('revise', { nexus: ['home'] })).toEqual({ ...TERMS, nexus: ['home'] });
    expect(changed('revise', { effective: TERMS.effective })).toEqual(TERMS);
    expect(changed('extend', { effective: '2015-12-31T00:00' })).toBe('effective_in_past');
    expect(changed('extend', { effective: '2016-02-01T00:00' })).toEqual({
      ...TERMS,
      effective: '2016-01-31T19:00:00.000Z',
    });
  });

  it('case 34: rejects a new end in the past, and accepts an unchanged end that has passed', () => {
    const until = '2016-02-01T00:00:00.000Z';
    const ended = Date.parse(until);
    const changed = (action: OrderAction, changes: TermsDraft, base = TERMS, now = ended) =>
      read(action, changes, base, now);
    for (const action of ['extend', 'revise'] as const) {
      expect(changed(action, { until: '2016-02-01T00:00:00Z' })).toBe('until_in_past');
      expect(changed(action, { until: '2015-12-31T00:00' })).toBe('until_in_past');
      expect(changed(action, { until: '2016-02-01T05:01' })).toEqual({ ...TERMS, until: '2016-02-01T00:01:00.000Z' });
    }
    const ending = { ...TERMS, until };
    for (const action of ['pause', 'resume', 'withdraw'] as const) expect(changed(action, {}, ending)).toEqual(ending);
    expect(changed('revise', { title: 'Other' }, ending)).toEqual({ ...ending, title: 'Other' });
    expect(changed('revise', { until, title: 'Other' }, ending)).toEqual({ ...ending, title: 'Other' });
    expect(changed('extend', { until: '2016-01-31T00:00' }, ending)).toBe('until_in_past');
    expect(changed('extend', { until: null }, ending)).toEqual(TERMS);
  });

  const document = { title: 'Letter', mediaType: 'application/pdf', bytes: 9, sha256: 'a'.repeat(64) };
  const documents: Partial<TermsInput> = {
    receivedOn: '2015-07-24',
    answerBy: '2015-08-01T12:00',
    provenance: 'asserted',
    documents: [document],
    notice: { ur: 'سروس ختم' },
    publication: { until: '2015-08-10T00:00' },
    noticePlan: ['withdrawal', 'P30D', 'P7D', 'P30D'],
    mode: 'exit',
    exportWindow: 'P30D',
  };

  it('parses the legal basis in the zone of the order, and sorts the moments of notices', () => {
    expect(made(documents)).toEqual({
      ...TERMS,
      authoritativeLanguage: 'en',
      receivedOn: '2015-07-24',
      answerBy: '2015-08-01T07:00:00.000Z',
      provenance: 'asserted',
      documents: [document],
      notice: { ur: 'سروس ختم' },
      publication: { until: '2015-08-09T19:00:00.000Z' },
      noticePlan: ['P30D', 'P7D', 'withdrawal'],
      mode: 'exit',
      exportWindow: 'P30D',
    });
  });

  it('keeps the legal basis through later actions, and removes null fields', () => {
    const before = made(documents);
    if (before === null || typeof before === 'string') throw new Error(`refused: ${before}`);
    const later = Date.parse('2015-11-01T00:00:00.000Z');
    expect(read('revise', { title: 'Other' }, before, later)).toEqual({ ...before, title: 'Other' });
    expect(read('extend', { effective: '2016-01-01T00:00' }, before, later)).toMatchObject({ documents: [document] });
    const nothing = { answerBy: null, documents: null, publication: null, notice: null, noticePlan: null };
    const { answerBy: _a, documents: _d, publication: _p, notice: _n, noticePlan: _l, ...rest } = before;
    expect(read('revise', nothing, before, later)).toEqual(rest);
  });

  it.each<[string, Partial<TermsInput>, string]>([
    ['received tomorrow', { receivedOn: '2015-07-25' }, 'invalid_input'],
    ['received on an impossible date', { receivedOn: '2015-02-30' }, 'invalid_input'],
    ['to be answered in a skipped hour', { answerBy: '2016-03-27T00:30', zone: 'Asia/Beirut' }, 'ambiguous_local_time'],
    ['of an unknown provenance', { provenance: 'rumored' as 'asserted' }, 'invalid_input'],
    ['with a document twice', { documents: [document, { ...document, title: 'The same' }] }, 'invalid_input'],
    ['with an empty document', { documents: [{ ...document, bytes: 0 }] }, 'invalid_input'],
    ['with a media type that contains markup', { documents: [{ ...document, mediaType: 'a/<b>' }] }, 'invalid_input'],
    ['with a notice in no language', { notice: {} }, 'invalid_input'],
    ['to be published before now', { publication: { until: '2015-07-24T16:00' } }, 'invalid_input'],
    [
      'to be published in a repeated hour',
      { publication: { until: '2015-10-25T02:30' }, zone: 'Europe/Berlin' },
      'ambiguous_local_time',
    ],
    ['withheld by an empty law', { publication: { law: '' } }, 'invalid_input'],
    ['with an unknown moment of a notice', { noticePlan: ['P2D' as 'P1D'] }, 'invalid_input'],
    ['with an export window and no exit mode', { exportWindow: 'P30D' }, 'invalid_input'],
    ['with exit mode and an end', { mode: 'exit', until: '2016-12-01T00:00' }, 'invalid_input'],
    ['that answers something without an order number', { answers: 'the other' }, 'invalid_input'],
  ])('rejects an order %s', (_name, changes, expected) => {
    expect(made(changes)).toBe(expected);
  });

  it('rejects an end for exit mode, and an exit after the end of an order that already had one', () => {
    const until = '2016-06-01T00:00:00.000Z';
    const leaving = { ...TERMS, mode: 'exit', exportWindow: 'P30D' } as const;
    const ending = { ...leaving, until };
    expect(read('revise', { mode: 'exit' }, { ...TERMS, until }, NOW)).toBe('invalid_input');
    expect(read('extend', { until: '2016-07-01T00:00' }, leaving, NOW)).toBe('invalid_input');
    expect(read('extend', { until: '2016-07-01T00:00' }, ending, NOW)).toBe('invalid_input');
    expect(read('extend', { until: null }, ending, NOW)).toEqual(leaving);
    expect(read('revise', { title: 'Other' }, ending, NOW)).toEqual({ ...ending, title: 'Other' });
    expect(read('exit', {}, ending, Date.parse(until) - 1)).toEqual(ending);
    expect(read('exit', {}, ending, Date.parse(until))).toBe('action_not_allowed');
    for (const action of ['pause', 'withdraw'] as const)
      expect(read(action, {}, ending, Date.parse(until))).toEqual(ending);
  });

  it('rejects changes that the action does not allow', () => {
    expect(read('pause', { areas: ['IN'] }, TERMS, NOW)).toBe('invalid_input');
    expect(read('extend', { areas: ['IN'], effective: '2016-01-01T00:00' }, TERMS, NOW)).toBe('invalid_input');
    expect(read('extend', {}, TERMS, NOW)).toBe('invalid_input');
    const ending = { ...TERMS, until: '2016-01-01T00:00:00.000Z' };
    expect(read('extend', { until: null }, ending, NOW)).toEqual(TERMS);
  });
});

describe('objections to a draft', () => {
  const { title, areas, services, nexus, unknown, contested, travelers, authority, addressee, instrument } = TERMS;
  const { statement } = TERMS;
  const whole: TermsDraft = {
    title,
    areas,
    services,
    nexus,
    unknown,
    contested,
    travelers,
    authority,
    addressee,
    instrument,
    statement,
    effective: '2015-12-01T00:00',
    until: null,
    zone: 'Asia/Karachi',
    mode: 'suspend',
    stale: 'keep',
    visitors: 'PT0S',
    disputed: {},
  };
  const against = (draft: TermsDraft, action: OrderAction = 'propose', base: OrderTerms | null = null) => {
    const objections = new Objections();
    const read = readTerms(action, draft, { base, appeal: 'the desk' }, NOW, objections);
    expect(read.terms === null).toBe(objections.all.length > 0);
    return { ...read, said: objections.all.map(({ field, error }) => `${field}: ${error.code}`) };
  };
  const EFFECTIVE = Date.parse('2015-11-30T19:00:00Z');

  it('none for a complete draft', () => {
    expect(against(whole)).toMatchObject({ said: [], effective: EFFECTIVE, until: null });
  });

  it('each missing field, with an instruction for the form', () => {
    const objections = new Objections();
    readTerms('propose', {}, { base: null, appeal: 'the desk' }, NOW, objections);
    const optional = ['appeal'];
    const fields = Object.keys(TERMS).filter((field) => !optional.includes(field));
    expect(objections.all.map(({ field }) => field).sort()).toEqual(fields.sort());
    for (const { error } of objections.all) {
      expect(error.code).toBe('invalid_input');
      expect(error.message).toMatch(/^(Give|Name|Choose|Enter|Assign|Send|Write) .*\.$/);
    }
  });

  it.each<[string, TermsDraft, string[]]>([
    [
      'several fields at once',
      { ...whole, title: '', areas: ['PK', 'pk', 'EU', '*'], nexus: [] },
      ['areas.1: unknown_area', 'areas.3: unknown_area', 'title: invalid_input', 'nexus: invalid_input'],
    ],
    ['an unknown area, once', { ...whole, areas: ['pk'] }, ['areas.0: unknown_area']],
    ['no area', { ...whole, areas: [] }, ['areas: invalid_input']],
    ['a service that does not exist', { ...whole, services: ['mail', 'voice'] }, ['services.1: unknown_service']],
    [
      'an unknown zone, without objections to local times',
      { ...whole, zone: 'Asia/Atlantis' },
      ['zone: invalid_input'],
    ],
    [
      'an unknown zone, and a time with an offset',
      { ...whole, zone: 'x', effective: '2015-07-01T00:00Z' },
      ['zone: invalid_input', 'effective: effective_in_past'],
    ],
    ['an empty time', { ...whole, effective: '' }, ['effective: invalid_input']],
    ['an incomplete time', { ...whole, effective: '2015-12-01T' }, ['effective: invalid_input']],
    [
      'a time that a clock change skips',
      { ...whole, zone: 'Asia/Beirut', effective: '2016-03-27T00:30' },
      ['effective: ambiguous_local_time'],
    ],
    [
      'both times of the order',
      { ...whole, effective: '2015-07-01T00:00', until: '2015-06-01T00:00' },
      ['effective: effective_in_past', 'until: until_before_effective'],
    ],
    [
      'times, even if other fields are missing',
      { zone: 'UTC', effective: '2015-07-01T00:00' },
      expect.arrayContaining(['effective: effective_in_past', 'title: invalid_input']),
    ],
    [
      'values that are not among the choices',
      { ...whole, mode: 'destroy', unknown: 'perhaps' },
      ['mode: invalid_input', 'unknown: invalid_input'],
    ],
    ['a grace period in months', { ...whole, visitors: 'P1M' }, ['visitors: invalid_input']],
    ['an empty statement', { ...whole, statement: { ur: '' } }, ['statement.ur: invalid_input']],
    [
      'a statement in two languages without an authoritative language',
      { ...whole, statement: { en: 'x', ur: 'x' } },
      ['authoritativeLanguage: invalid_input'],
    ],
    [
      'an invalid authoritative language',
      { ...whole, authoritativeLanguage: 'en-12' },
      ['authoritativeLanguage: invalid_input'],
    ],
    [
      'language tags with valid parts in an invalid combination',
      {
        ...whole,
        statement: { en: 'x', 'sr-Latn-RS': 'x', 'sr-RS-Latn': 'x' },
        notice: { 'en-12': 'x', ur: 'x' },
        authoritativeLanguage: 'en',
      },
      ['statement.sr-RS-Latn: invalid_input', 'notice.en-12: invalid_input'],
    ],
    ['a malformed language tag, once', { ...whole, statement: { EN: 'x' } }, ['statement.EN: invalid_input']],
    [
      'a territory map with an unknown area and an unknown territory',
      { ...whole, disputed: { kashmir: 'XX', atlantis: 'PK' } },
      ['disputed.kashmir: unknown_area', 'disputed.atlantis: unknown_territory'],
    ],
  ])('%s', (_name, draft, expected) => {
    expect(against(draft).said).toEqual(expected);
  });

  it('none to invalid terms that an order already has, for a withdrawal', () => {
    const base = { ...TERMS, statement: { 'sr-RS-Latn': 'x' } };
    expect(against({}, 'withdraw', base).said).toEqual([]);
  });

  it('each field that the action may not change', () => {
    expect(against({ areas: ['IN'], title: 'x' }, 'pause', TERMS).said).toEqual([
      'areas: invalid_input',
      'title: invalid_input',
    ]);
    expect(against({}, 'extend', TERMS).said).toEqual(['effective: invalid_input']);
    expect(against({ nexus: ['home'] }, 'revise', TERMS).said).toEqual([]);
  });

  it('case 51: hidden characters in each text', () => {
    const hidden = {
      title: 'BES\u202e',
      statement: { en: 'x', ur: 'سر\u{e0041}وس' },
      appeal: 'a\ufff9b',
      publication: { law: 'x\u2028y' },
    };
    expect(against(hidden, 'revise', TERMS).said).toEqual([
      'title: invalid_input',
      'appeal: invalid_input',
      'statement.ur: invalid_input',
      'publication.law: invalid_input',
    ]);
    expect(against({ statement: { fa: 'می\u200cشود\nدوم', ar: 'نص\u200f' } }, 'revise', TERMS).said).toEqual([]);
  });

  it('beside parsed times, with suggestions for an ambiguous time', () => {
    const read = against({ zone: 'Asia/Karachi', effective: '2015-12-01T00:00', until: '2016-01-01T00:00' });
    expect([read.effective, read.until]).toEqual([EFFECTIVE, Date.parse('2015-12-31T19:00:00Z')]);
    const objections = new Objections();
    const draft = { ...whole, zone: 'Europe/Berlin', effective: '2015-10-25T02:30' };
    readTerms('propose', draft, { base: null, appeal: 'x' }, NOW, objections);
    expect(objections.all[0]?.error.context['suggestions']).toHaveLength(2);
  });
});
