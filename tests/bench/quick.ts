/**
 * `npm run bench -- --quick`: compares the ratios of a few small benchmarks with those of a quiet machine in `quick-baseline.json`. A ratio
 * is not measured if other programs use the machine, so a busy machine never fails the comparison.
 */
import { type Bench, BUSY_ENOUGH, type Extent, median, type Sample, servedIn } from './measure.ts';

export const QUICK: Extent = { runs: 5, share: 0.25 };

/**
 * Benchmarks of the comparison. The ratio of each varies by less than 20 % between runs on a quiet machine. The ratio of `connect-full`
 * varies by 30 %, so that it cannot be compared.
 */
export const QUICK_NAMES: ReadonlySet<string> = new Set([
  'enrollment-kept-alive',
  'check-in-durable',
  'messages-durable',
]);

/** Share by which a ratio may be worse than its baseline. */
const TOLERANCE = 0.3;
/** Minimum runs for a median that one disturbed run cannot change. */
const ENOUGH_RUNS = 5;
/** Maximum times that a benchmark runs, by its outcome so far. After a first ratio that is worse than the baseline, it runs twice more. */
const ATTEMPTS = { good: 0, 'no baseline': 0, 'not measured': 2, worse: 3 } as const;
/** Milliseconds after which no benchmark starts. Three runs of all three benchmarks take 100 seconds on two cores. */
const PATIENCE = 105_000;

/** Ratios by name of the benchmark. */
export type Baseline = Readonly<Record<string, number>>;

export interface Comparison {
  readonly name: string;
  readonly outcome: 'good' | 'worse' | 'not measured' | 'no baseline';
  /** Median of the counted runs; null if too few runs count. */
  readonly ratio: number | null;
  readonly baseline: number | null;
  readonly counted: number;
  readonly runs: number;
  /** Share of the time with work in which the programs had a core, in the best run. */
  readonly served: number;
}

/** Compares the runs of one benchmark with its baseline. A run counts only if the programs had a core for 90 % of their time with work. */
export function compare(
  { name, better }: Pick<Bench, 'name' | 'better'>,
  samples: readonly Sample[],
  baseline: Baseline,
): Comparison {
  const ratios = samples.flatMap((sample) =>
    sample.floor === null || servedIn(sample) < BUSY_ENOUGH ? [] : [sample.value / sample.floor],
  );
  const base = baseline[name] ?? null;
  const served = Math.max(0, ...samples.map(servedIn));
  const facts = { name, baseline: base, counted: ratios.length, runs: samples.length, served };
  if (ratios.length < ENOUGH_RUNS) return { ...facts, outcome: 'not measured', ratio: null };
  const ratio = median(ratios);
  if (base === null) return { ...facts, outcome: 'no baseline', ratio };
  const isWorse = better === 'more' ? ratio < base * (1 - TOLERANCE) : ratio > base * (1 + TOLERANCE);
  return { ...facts, outcome: isWorse ? 'worse' : 'good', ratio };
}

/**
 * Runs each benchmark until its result is good, at most three times. The median of all its runs counts. On a busy machine, the time can be
 * over before the last benchmark, which is then not measured. `elapsed`: milliseconds since the start.
 */
export async function compareAll(
  benches: readonly Pick<Bench, 'name' | 'better' | 'run'>[],
  baseline: Baseline,
  elapsed: () => number,
  said: (comparison: Comparison) => void,
): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const bench of benches) {
    const samples: Sample[] = [];
    let comparison = compare(bench, samples, baseline);
    for (let attempt = 0; attempt < ATTEMPTS[comparison.outcome] && elapsed() < PATIENCE; attempt += 1) {
      samples.push(...(await bench.run()));
      comparison = compare(bench, samples, baseline);
    }
    said(comparison);
    comparisons.push(comparison);
  }
  return comparisons;
}

export function lineOf({ name, outcome, ratio, baseline, counted, runs, served }: Comparison): string {
  const figures = {
    good: `${rounded(ratio)}, baseline ${rounded(baseline)}`,
    worse: `${rounded(ratio)}, more than ${TOLERANCE * 100} % worse than the baseline ${rounded(baseline)}`,
    'no baseline': `${rounded(ratio)}, no baseline`,
    'not measured':
      runs === 0
        ? 'not measured: the time was over'
        : `not measured: the programs had a core for ${rounded(served)} of their time with work`,
  };
  return `${name.padEnd(22)} ${figures[outcome]} (${counted} of ${runs} runs count)`;
}

const rounded = (value: number | null): string => (value === null ? '' : String(Number(value.toPrecision(3))));

/** New baseline. Throws if the machine was too busy to measure every benchmark. */
export function baselineOf(comparisons: readonly Comparison[]): Baseline {
  return Object.fromEntries(
    comparisons.map(({ name, ratio }) => {
      if (ratio === null)
        throw new Error(`${name} was not measured. Write the baseline on a machine without other work.`);
      return [name, Number(ratio.toPrecision(3))];
    }),
  );
}
