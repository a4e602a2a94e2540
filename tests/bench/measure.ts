/** Definition of a benchmark, summary of its runs, and comparison with its budget. All functions are pure except `perCpuSecond`. */
import { cpuSeconds, mainThread, quiet } from './process.ts';

/** One run of Cordon and then of the floor. */
export interface Sample {
  readonly value: number;
  /** Figure of the floor; null if the budget is an absolute figure. */
  readonly floor: number | null;
  /** Share of one core that the server used during the measurement; null if the share has no meaning. */
  readonly busy: number | null;
  /** Share of the time with work in which Cordon and the floor had a core. It is low if other programs use the machine. */
  readonly served?: number;
}

export interface Bench {
  readonly name: string;
  readonly unit: string;
  /** Budget for the ratio to the floor, or for the absolute value if there is no floor. */
  readonly budget: number;
  readonly better: 'more' | 'less';
  run(): Promise<Sample[]>;
  /** Further lines of the report after the last run. */
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
  /** Difference between the best and the worst run, divided by the median. */
  readonly spread: number;
}

/** Size of a benchmark: number of measured runs, and share of the usual devices and requests. */
export interface Extent {
  readonly runs: number;
  readonly share: number;
}

export const FULL: Extent = { runs: 5, share: 1 };
/** Smallest size. Its figures mean nothing: it shows that every benchmark still works. */
export const SMOKE: Extent = { runs: 1, share: 0.01 };

/** Number of devices or requests in this extent, at least `least`. */
export const sized = (usual: number, { share }: Pick<Extent, 'share'>, least = 1): number =>
  Math.max(least, Math.round(usual * share));

/** Number of the first run. Runs below 0 are warm-ups, which the smallest extent leaves out. */
export const firstRun = ({ share }: Pick<Extent, 'share'>): number => (share <= SMOKE.share ? 0 : -1);

/** Number of measured runs of a benchmark that usually has another number of runs than `FULL`. */
export const runsOf = (usual: number, { runs, share }: Extent): number => (share < 1 ? Math.min(usual, runs) : usual);

export const BUSY_ENOUGH = 0.9;

/**
 * Share of a run in which the programs had a core. A server that waits for its disk or for further requests may use less than 90 % of a
 * core on a quiet machine too. The time for which it waited for the core is therefore decisive where it is known. A run whose share has no
 * meaning counts as complete.
 */
export const servedIn = ({ busy, served }: Sample): number =>
  Math.max(busy ?? (served === undefined ? 1 : 0), served ?? 0);

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
  // Runs without a full core are left out, because other programs disturbed them. If no run had a full core, all runs count.
  const busy = samples.filter((sample) => servedIn(sample) >= BUSY_ENOUGH);
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
  /** CPU time of all threads, including work after the last response. */
  readonly cpu: number;
  readonly busy: number;
  /** Share of the time with work in which the main thread had a core. */
  readonly served: number;
}

type Observer = <T>(work: () => Promise<T>) => Promise<T>;

/** Functions that run the measured work of a process, such as a recorder of its CPU time, by process id. */
const observers = new Map<number, Observer>();

/** Runs the measured work of process `pid` inside `observer` from now on. */
export function observe(pid: number, observer: Observer): void {
  observers.set(pid, observer);
}

/** Runs measured work of process `pid` inside its observer, if it has one. */
export const observed = <T>(pid: number, work: () => Promise<T>): Promise<T> => observers.get(pid)?.(work) ?? work();

/** Runs `work`, which returns its number of operations, and measures the process's CPU time. */
export async function costOf(pid: number, work: () => Promise<number>): Promise<Measured> {
  await quiet(pid);
  const before = cpuSeconds(pid);
  const main = mainThread(pid);
  const started = performance.now();
  const count = await observed(pid, work);
  const seconds = (performance.now() - started) / 1000;
  const busy = (cpuSeconds(pid) - before) / seconds;
  const { ran, waited } = mainThread(pid);
  const served = (ran - main.ran) / (ran - main.ran + waited - main.waited);
  await quiet(pid);
  return { count, cpu: cpuSeconds(pid) - before, busy, served };
}

export const servedOf = (...measured: readonly Measured[]): number => Math.min(...measured.map(({ served }) => served));

/** Operations per second of CPU time. */
export const rateOf = ({ count, cpu }: Pick<Measured, 'count' | 'cpu'>): number => count / cpu;

/** Microseconds of CPU time per operation. */
export const microsecondsOf = ({ count, cpu }: Pick<Measured, 'count' | 'cpu'>): number => (cpu * 1e6) / count;

/** Runs all `pieces` of work, at most `width` at the same time. */
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
