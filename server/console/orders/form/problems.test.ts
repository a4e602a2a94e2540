import { expect, it } from 'vitest';
import { emptyForm } from './order-form.ts';
import { firstOf, problemsOf } from './problems.ts';

const empty = emptyForm({ zone: 'UTC', appeal: 'legal@example.org' });
const answered = (field: string, detail: string, suggestions: string[] = []) => ({
  field,
  code: 'invalid_input',
  detail,
  suggestions,
});

it('says of an empty form what is missing, from its beginning', () => {
  const { fields } = problemsOf(empty, [answered('effective', '“” is no time.')]);
  expect([...fields.values()].every(({ missing }) => missing)).toBe(true);
  expect(fields.get('effective')?.text).toBe('Give a day and a time of day.');
  expect(firstOf(fields)).toBe('areas');
  expect(fields.has('until')).toBe(false);
  expect(problemsOf({ ...empty, ends: true }, []).fields.has('until')).toBe(true);
});

it('puts the server’s words beside the field, its first word first', () => {
  const { fields, whole } = problemsOf({ ...empty, areas: ['PK', 'QQ'] }, [
    answered('areas.1', '"QQ" is no area that Cordon knows.'),
    answered('areas', 'something else'),
    answered('act', 'Adopt a root of approvers first.'),
  ]);
  expect(fields.get('areas')).toEqual({ text: '"QQ" is no area that Cordon knows.', suggestions: [], missing: false });
  expect(whole).toEqual(['Adopt a root of approvers first.']);
});

it('keeps what could have been meant', () => {
  const form = { ...empty, effective: { date: '2015-11-01', time: '01:30', exact: null } };
  const two = ['2015-11-01T01:30:00-04:00', '2015-11-01T01:30:00-05:00'];
  expect(problemsOf(form, [answered('effective', 'twice', two)]).fields.get('effective')?.suggestions).toEqual(two);
});
