import { describe, expect, it } from 'vitest';
import type { Sample } from './measure.ts';
import { baselineOf, compare, compareAll, lineOf } from './quick.ts';

const bench = { name: 'x', better: 'more' } as const;
/** Runs with the given ratios. */
const runsOf = (busy: number | null, ...ratios: number[]): Sample[] =>
  ratios.map((ratio) => ({ value: ratio * 200, floor: 200, busy }));
const steady = (ratio: number, busy: number | null = 0.95) => runsOf(busy, ratio, ratio, ratio, ratio, ratio);

describe('a comparison with the baseline', () => {
  it.each([
    ['more', 0.5, 'good'],
    ['more', 0.36, 'good'],
    ['more', 0.34, 'worse'],
    ['more', 5, 'good'],
    ['less', 0.64, 'good'],
    ['less', 0.66, 'worse'],
    ['less', 0.1, 'good'],
  ] as const)('with %s being better, a ratio of %d against 0.5 is %s', (better, ratio, outcome) => {
    expect(compare({ ...bench, better }, steady(ratio), { x: 0.5 }).outcome).toBe(outcome);
  });

  it('takes the median, so that two disturbed runs of five change nothing', () => {
    const samples = runsOf(0.95, 0.5, 0.01, 0.5, 0.02, 0.51);
    expect(compare(bench, samples, { x: 0.5 })).toMatchObject({ outcome: 'good', ratio: 0.5 });
  });

  it('counts no run in which the server was idle, and judges at least five runs', () => {
    const samples = [...steady(0.1, 0.89), ...runsOf(0.9, 0.5, 0.5, 0.5, 0.5)];
    expect(compare(bench, samples, { x: 0.5 })).toMatchObject({ outcome: 'not measured', ratio: null, counted: 4 });
    expect(compare(bench, [...samples, ...runsOf(0.9, 0.5)], { x: 0.5 })).toMatchObject({
      outcome: 'good',
      counted: 5,
    });
  });

  it('counts a run in which the server waited for its disk, and none in which it waited for the core', () => {
    const waiting = (served: number) => steady(0.5, 0.4).map((sample) => ({ ...sample, served }));
    expect(compare(bench, waiting(0.95), { x: 0.5 }).outcome).toBe('good');
    expect(compare(bench, waiting(0.5), { x: 0.5 }).outcome).toBe('not measured');
  });

  it('counts a run whose share of the core has no meaning', () => {
    expect(compare(bench, steady(0.5, null), { x: 0.5 }).outcome).toBe('good');
  });

  it('names a benchmark without a baseline', () => {
    expect(compare(bench, steady(0.5), {}).outcome).toBe('no baseline');
  });
});

describe('the runs of a benchmark', () => {
  async function outcomeOf(...rounds: Sample[][]) {
    let runs = 0;
    const run = async () => [...(rounds[runs++] ?? [])];
    const [comparison] = await compareAll(
      [{ ...bench, run }],
      { x: 0.5 },
      () => 0,
      () => undefined,
    );
    return { outcome: comparison?.outcome, runs };
  }

  it('are not repeated if the ratio is good', async () => {
    expect(await outcomeOf(steady(0.5))).toEqual({ outcome: 'good', runs: 1 });
  });

  it('are repeated up to twice if the ratio is worse, and the median of all runs counts', async () => {
    expect(await outcomeOf(steady(0.3), steady(0.5))).toEqual({ outcome: 'good', runs: 2 });
    expect(await outcomeOf(steady(0.2), steady(0.3), steady(0.5))).toEqual({ outcome: 'worse', runs: 3 });
    expect(await outcomeOf(steady(0.2), runsOf(0.95, 0.2, 0.2, 0.5, 0.5, 0.5), steady(0.5))).toEqual({
      outcome: 'good',
      runs: 3,
    });
  });

  it('are repeated once on a busy machine, which fails nothing', async () => {
    expect(await outcomeOf(steady(0.1, 0.2), steady(0.5))).toEqual({ outcome: 'good', runs: 2 });
    expect(await outcomeOf(steady(0.1, 0.2), steady(0.1, 0.2))).toEqual({ outcome: 'not measured', runs: 2 });
  });
});

it('does not start a benchmark after 105 seconds, which fails nothing', async () => {
  const run = () => Promise.reject(new Error('the benchmark ran'));
  const late = () => 105_000;
  const [comparison] = await compareAll([{ ...bench, run }], { x: 0.5 }, late, () => undefined);
  expect(comparison).toMatchObject({ outcome: 'not measured', runs: 0 });
  expect(comparison && lineOf(comparison)).toContain('not measured: the time was over');
});

it('prints the ratio, the baseline and the number of runs', () => {
  const line = (samples: Sample[]) => lineOf(compare(bench, samples, { x: 0.5 })).replace(/ +/g, ' ');
  expect(line(steady(0.4))).toBe('x 0.4, baseline 0.5 (5 of 5 runs count)');
  expect(line(steady(0.2))).toBe('x 0.2, more than 30 % worse than the baseline 0.5 (5 of 5 runs count)');
  expect(line(steady(0.2, 0.3))).toBe(
    'x not measured: the programs had a core for 0.3 of their time with work (0 of 5 runs count)',
  );
});

it('writes a baseline only of measured ratios', () => {
  expect(baselineOf([compare(bench, steady(0.51234), {})])).toEqual({ x: 0.512 });
  expect(() => baselineOf([compare(bench, steady(0.5, 0.2), {})])).toThrow('x was not measured');
});
