import { describe, expect, it } from 'vitest';
import { choose, countOf, EVERYTHING, isChosen, MOST_NAMED, NOTHING } from './selection.ts';

const device = (id: string) => ({ id });

describe('a selection', () => {
  it('of single devices grows and shrinks, and counts each device once', () => {
    const two = choose(choose(NOTHING, [device('a')], true), [device('a'), device('b')], true);
    expect([countOf(two, 9), isChosen(two, 'a'), isChosen(two, 'c')]).toEqual([2, true, false]);
    expect(countOf(choose(two, [device('b'), device('c')], false), 9)).toBe(1);
  });

  it('of all devices contains every device that matches the filter', () => {
    expect([countOf(EVERYTHING, 9), isChosen(EVERYTHING, 'c')]).toEqual([9, true]);
    expect(choose(EVERYTHING, [device('a')], false)).toBe(EVERYTHING);
  });

  it('does not grow beyond the number of devices that one request can name', () => {
    const many = Array.from({ length: MOST_NAMED }, (_, index) => device(`d${index}`));
    const full = choose(NOTHING, many, true);
    expect(countOf(full, 0)).toBe(MOST_NAMED);
    expect(choose(full, [device('one more')], true)).toBe(full);
  });
});
