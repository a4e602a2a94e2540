import { describe, expect, it } from 'vitest';
import { windowsOf, withMargin } from './windows.ts';

const TABLE: [string, [number, number, number], number[]][] = [
  ['the first rows', [0, 20, 100_000], [0]],
  ['rows across a border', [95, 110, 100_000], [0, 100]],
  ['the last rows', [99_985, 99_999, 100_000], [99_900]],
  ['rows before the first', [-40, 20, 100_000], [0]],
  ['rows after the last', [240, 300, 250], [200]],
  ['a list that has shrunk', [5_000, 5_020, 120], [100]],
  ['an empty list', [0, 0, 0], []],
  ['a long stretch', [150, 420, 1_000], [100, 200, 300, 400]],
];

describe('the blocks of rows for', () => {
  for (const [name, [first, last, total], windows] of TABLE) {
    it(name, () => expect(windowsOf(first, last, total)).toEqual(windows));
  }

  it('the visible range extend a little beyond it', () => {
    expect(windowsOf(...withMargin(170, 185), 1_000)).toEqual([100, 200]);
  });
});
