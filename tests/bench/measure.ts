/** What a benchmark is, how its runs become one line, and when its budget holds. Pure but for `perCpuSecond`. */
import { cpuSeconds, quiet } from './process.ts';

/** One run: Cordon and the floor, one right after the other. */
export interface Sample {
  readonly value: number;
  /** Null where the budget is a figure and not a ratio. */
  readonly floor: number | null;
  /** How much of one core the server had while it was measured; null where that says nothing. */
  readonly busy: number | null;
}

export interface Bench {
  readonly name: string;
  readonly unit: string;
  /** Of the ratio to the floor, or of the value where there is no floor. */
  readonly budget: number;
  readonly better: 'more' | 'less';
  run(): Promise<Sample[]>;
  /** What else there is to say, after `run`: lines for people. */
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
  /** Between the best and the worst run, as a part of the median. */
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
  // An idle server is not measured by its rate; but on a machine where it never had its core, some figure is better than none.
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
  /** Of all threads, what follows after the last answer included. */
  readonly cpu: number;
  readonly busy: number;
}

/** Does `work`, which says how many operations it was, and counts what it cost the process. */
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

/** Microseconds of CPU an operation. */
export const microsecondsOf = ({ count, cpu }: Measured): number => (cpu * 1e6) / count;

/** `pieces` of work, `width` of them at a time. */
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
