import { describe, expect, it } from 'vitest';
import { inParallel, median, resultOf } from './measure.ts';

const bench = { name: 'x', unit: '/s', budget: 0.6, better: 'more' } as const;

describe('a benchmark’s result', () => {
  it('is the median of the runs’ own ratios, not the ratio of medians', () => {
    const samples = [
      { value: 60, floor: 100, busy: 1 },
      { value: 90, floor: 300, busy: 1 },
      { value: 100, floor: 100, busy: 1 },
    ];
    expect(resultOf(bench, samples)).toEqual({
      name: 'x',
      unit: '/s',
      value: 90,
      floor: 100,
      ratio: 0.6,
      budget: 0.6,
      holds: true,
      runs: 3,
      spread: 1.167,
    });
  });

  it.each([
    ['more', 0.59, false],
    ['more', 0.61, true],
    ['less', 0.59, true],
    ['less', 0.61, false],
  ] as const)('with %s being better, %d against 0.6 holds: %s', (better, value, holds) => {
    expect(resultOf({ ...bench, better }, [{ value, floor: 1, busy: null }]).holds).toBe(holds);
  });

  it('is judged by the value where there is no floor', () => {
    const samples = [1, 2, 9].map((value) => ({ value, floor: null, busy: null }));
    expect(resultOf({ ...bench, budget: 2, better: 'less' }, samples)).toMatchObject({
      value: 2,
      floor: null,
      ratio: null,
      holds: true,
      spread: 4,
    });
  });

  it('throws runs away in which the server was idle, unless all were', () => {
    const idle = { value: 10, floor: 100, busy: 0.5 };
    expect(resultOf(bench, [idle, { value: 90, floor: 100, busy: 0.95 }])).toMatchObject({ runs: 1, ratio: 0.9 });
    expect(resultOf(bench, [idle, idle])).toMatchObject({ runs: 2, ratio: 0.1 });
  });

  it('counts a run in which the server waited for its disk, and not for a core', () => {
    const waited = { value: 10, floor: 100, busy: 0.5, served: 0.95 };
    expect(resultOf(bench, [waited, { value: 90, floor: 100, busy: 0.95 }])).toMatchObject({ runs: 2 });
  });

  it('takes the middle of an even number', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });
});

it('work in parallel is all done, never more than so much at a time', async () => {
  let now = 0;
  let most = 0;
  const done: number[] = [];
  await inParallel(
    Array.from({ length: 20 }, (_, index) => index),
    4,
    async (piece) => {
      now += 1;
      most = Math.max(most, now);
      await new Promise(setImmediate);
      now -= 1;
      done.push(piece);
    },
  );
  expect(most).toBe(4);
  expect(done.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index));
});
