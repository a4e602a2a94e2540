import { expect, it } from 'vitest';
import { draftOf, emptyForm, type OrderForm } from './order-form.ts';
import { firstOf, problemsOf } from './problems.ts';

const empty = emptyForm({ zone: 'UTC', appeal: 'legal@example.org' });
const problemAt = (field: string, detail: string, suggestions: string[] = []) => ({
  field,
  code: 'invalid_input',
  detail,
  suggestions,
});

const about = (form: OrderForm, ...problems: ReturnType<typeof problemAt>[]) =>
  problemsOf(form, draftOf(form, null), { draft: draftOf(form, null), problems });

it('names each missing field of an empty form, in the order of the form', () => {
  const { fields } = about(empty, problemAt('effective', '“” is no time.'));
  expect([...fields.values()].every(({ missing }) => missing)).toBe(true);
  expect(fields.get('effective')?.text).toBe('The effective time is missing. Enter a date and a time.');
  expect(firstOf(fields)).toBe('areas');
  expect(fields.has('until')).toBe(false);
  expect(about({ ...empty, ends: true }).fields.has('until')).toBe(true);
});

it('shows the server’s problem at its field, the first problem first', () => {
  const { fields, whole } = about(
    { ...empty, areas: ['PK', 'QQ'] },
    problemAt('areas.1', '"QQ" is not an area that Cordon knows.'),
    problemAt('areas', 'something else'),
    problemAt('action', 'Adopt an approver set first.'),
  );
  expect(fields.get('areas')).toEqual({
    text: '"QQ" is not an area that Cordon knows.',
    suggestions: [],
    missing: false,
  });
  expect(whole).toEqual(['Adopt an approver set first.']);
});

it('requires a language for each text of a statement or a notice', () => {
  const english = { language: 'en', text: 'It ends.' };
  const problemOf = (texts: OrderForm['statements']) => {
    const { fields } = about({ ...empty, statements: texts, more: { ...empty.more, notices: texts } });
    return (['statement', 'notice'] as const).map((field) => fields.get(field)?.text);
  };
  const choose = 'The language of this text is missing. Select a language.';
  expect(problemOf([english, { language: '', text: 'سروس ختم' }])).toEqual([choose, choose]);
  expect(problemOf([english, { language: '', text: ' ' }])).toEqual([undefined, undefined]);
});

const repeated = { ...empty, effective: { date: '2015-11-01', time: '01:30', exact: null } };
const two = ['2015-11-01T01:30:00-04:00', '2015-11-01T01:30:00-05:00'];

it('keeps the suggestions for an ambiguous time', () => {
  expect(about(repeated, problemAt('effective', 'twice', two)).fields.get('effective')?.suggestions).toEqual(two);
});

it('discards the problem of a field after the field changes, and of a time also after its zone changes', () => {
  const checked = {
    draft: draftOf(repeated, null),
    problems: [problemAt('effective', 'twice', two), problemAt('title', 'long')],
  };
  const now = (change: Partial<OrderForm>) => {
    const form = { ...repeated, title: '', ...change };
    return problemsOf(form, draftOf(form, null), checked).fields;
  };
  expect(now({}).get('effective')?.text).toBe('twice');
  expect(now({ zone: 'Asia/Karachi' }).has('effective')).toBe(false);
  expect(now({ effective: { ...repeated.effective, time: '03:30' } }).has('effective')).toBe(false);
  expect(now({ title: 'short' }).has('title')).toBe(false);
});

it('discards the problem of an end time after the mode changes, because an exit has no end time', () => {
  const ending: OrderForm = { ...repeated, mode: 'exit', ends: true, until: { ...repeated.effective, time: '03:30' } };
  const checked = { draft: draftOf(ending, null), problems: [problemAt('until', 'has no end')] };
  const now = (form: OrderForm) => problemsOf(form, draftOf(form, null), checked).fields.has('until');
  expect([now(ending), now({ ...ending, mode: 'suspend' })]).toEqual([true, false]);
});
