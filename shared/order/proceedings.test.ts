import { describe, expect, it } from 'vitest';
import { objectionTo, type Proceeding, proceedingState } from './proceedings.ts';

const document = { title: 'Reply', mediaType: 'application/pdf', bytes: 5, sha256: 'a'.repeat(64) };
const answer = (more: Partial<Proceeding> = {}): Proceeding =>
  ({ kind: 'answer', on: '2015-11-26', by: 'Sana Malik', document, ...more }) as Proceeding;
const filed = (more: Partial<Proceeding> = {}): Proceeding =>
  ({ kind: 'appeal-filed', on: '2015-12-02', court: { name: 'High Court', case: '1/2015' }, ...more }) as Proceeding;
const decided = (appeal: number, more: Partial<Proceeding> = {}): Proceeding =>
  ({ kind: 'appeal-decided', on: '2016-01-04', appeal, outcome: 'allowed', ...more }) as Proceeding;
const numbered = (...all: Proceeding[]) => all.map((proceeding, at) => ({ number: at + 1, proceeding }));
const TODAY = '2016-02-01';

describe('the state of proceedings', () => {
  it('follows the newest correction, and keeps appeals separate', () => {
    const records = numbered(
      answer(),
      filed(),
      filed({ court: { name: 'Supreme Court', case: '2/2016' } }),
      decided(2),
      answer({ on: '2015-11-25', corrects: 1 }),
      filed({ on: '2015-12-01', corrects: 2 }),
      decided(2, { outcome: 'dismissed', corrects: 4 }),
    );
    const { answer: valid, appeals } = proceedingState(records);
    expect(valid?.on).toBe('2015-11-25');
    expect(appeals).toMatchObject([
      { appeal: 2, filed: { on: '2015-12-01' }, decided: { outcome: 'dismissed' } },
      { appeal: 3, filed: { court: { name: 'Supreme Court' } }, decided: null },
    ]);
  });

  it('of no records is empty', () => {
    expect(proceedingState([])).toEqual({ answer: null, appeals: [] });
  });
});

describe('a proceeding is refused', () => {
  const records = numbered(answer(), filed(), decided(2));
  it.each<[string, Proceeding, RegExp | null]>([
    ['a second answer', answer(), /recorded already/],
    ['a correction of the answer', answer({ corrects: 1 }), null],
    ['a correction of another kind', answer({ corrects: 2 }), /cannot be corrected/],
    ['a correction of nothing', answer({ corrects: 9 }), /cannot be corrected/],
    ['a day in the future', filed({ on: '2016-02-02' }), /in the future/],
    ['a decision about no appeal', decided(1), /no appeal 1/],
    ['a second decision', decided(2), /recorded already/],
    ['a corrected decision', decided(2, { outcome: 'withdrawn', corrects: 3 }), null],
    ['a decision before the appeal', decided(2, { on: '2015-12-01', corrects: 3 }), /filed on 2015-12-02/],
    ['an appeal after its decision', filed({ on: '2016-01-05', corrects: 2 }), /decided on 2016-01-04/],
    ['another appeal', filed(), null],
  ])('%s', (_, next, why) => {
    const objection = objectionTo(records, next, TODAY);
    if (why === null) expect(objection).toBeNull();
    else expect(objection).toMatch(why);
  });

  it('a correction of a record that was already corrected', () => {
    const corrected = numbered(answer(), answer({ corrects: 1 }));
    expect(objectionTo(corrected, answer({ corrects: 1 }), TODAY)).toMatch(/cannot be corrected/);
    expect(objectionTo(corrected, answer({ corrects: 2 }), TODAY)).toBeNull();
  });
});
