/** Benchmark definition, summary of its runs, and its budget. Pure except for `perCpuSecond`. */
import { cpuSeconds, quiet } from './process.ts';

/** One run: Cordon and then the floor. */
export interface Sample {
  readonly value: number;
  /** Null if the budget is an absolute figure. */
  readonly floor: number | null;
  /** Share of one core that the server used during the measurement; null if this has no meaning. */
  readonly busy: number | null;
}

export interface Bench {
  readonly name: string;
  readonly unit: string;
  /** Budget for the ratio to the floor, or for the value without a floor. */
  readonly budget: number;
  readonly better: 'more' | 'less';
  run(): Promise<Sample[]>;
  /** Further lines for the reader, after `run`. */
  notes?(): Promise<readonly string[]>;
}

export interface Result {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly floor: number | null;
  readonly ratio: number | null;
  readonly budget: number;
  readonly holds: boolean;
  readonly runs: number;
  /** Difference between the best and the worst run, as a part of the median. */
  readonly spread: number;
}

const BUSY_ENOUGH = 0.9;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

const rounded = (value: number): number => Number(value.toPrecision(4));

export function resultOf(
  { name, unit, budget, better }: Omit<Bench, 'run' | 'notes'>,
  samples: readonly Sample[],
): Result {
  // The rate of an idle server says nothing. On a machine where the server never had a full core, a figure is still better than none.
  const busy = samples.filter(({ busy: had }) => had === null || had >= BUSY_ENOUGH);
  const counted = busy.length > 0 ? busy : samples;
  const values = counted.map(({ value }) => value);
  const floors = counted.flatMap(({ floor }) => (floor === null ? [] : [floor]));
  const ratios = counted.flatMap(({ value, floor }) => (floor === null ? [] : [value / floor]));
  const judged = ratios.length > 0 ? ratios : values;
  const middle = median(judged);
  return {
    name,
    unit,
    value: rounded(median(values)),
    floor: floors.length > 0 ? rounded(median(floors)) : null,
    ratio: ratios.length > 0 ? rounded(middle) : null,
    budget,
    holds: better === 'more' ? middle >= budget : middle <= budget,
    runs: counted.length,
    spread: rounded((Math.max(...judged) - Math.min(...judged)) / middle),
  };
}

export interface Measured {
  readonly count: number;
  /** All threads, including work after the last response. */
  readonly cpu: number;
  readonly busy: number;
}

/** Runs `work`, which returns its number of operations, and measures the process's cost. */
export async function costOf(pid: number, work: () => Promise<number>): Promise<Measured> {
  await quiet(pid);
  const before = cpuSeconds(pid);
  const started = performance.now();
  const count = await work();
  const seconds = (performance.now() - started) / 1000;
  const busy = (cpuSeconds(pid) - before) / seconds;
  await quiet(pid);
  return { count, cpu: cpuSeconds(pid) - before, busy };
}

/** Operations per second of CPU. */
export const rateOf = ({ count, cpu }: Measured): number => count / cpu;

/** Microseconds of CPU per operation. */
export const microsecondsOf = ({ count, cpu }: Measured): number => (cpu * 1e6) / count;

/** Runs `pieces` of work, at most `width` at the same time. */
export async function inParallel<T>(
  pieces: Iterable<T>,
  width: number,
  work: (piece: T) => Promise<void>,
): Promise<void> {
  const queue = pieces[Symbol.iterator]();
  const worker = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
