/**
 * Period of a transparency report: whole calendar months in UTC that have ended. A report of free days would let an outsider subtract two
 * periods, and learn what happened on one day (ADR 54). The functions are pure.
 */
import { CordonError } from '../../shared/errors.ts';

/** Months of the default period, and of the longest one. */
const DEFAULT_MONTHS = 12;
const LONGEST_MONTHS = 120;

export interface ReportPeriod {
  /** Months in UTC, such as 2026-11. The period includes both. Default: the last 12 months that have ended. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Time from `from` (included) to `until` (not included), in Unix milliseconds. */
export interface Interval {
  readonly from: number;
  readonly until: number;
}

export interface Month extends Interval {
  /** Year and month, such as 2026-11. */
  readonly month: string;
}

/**
 * Returns the months of a period, oldest first, at least one. Throws `invalid_input` if a month has not ended, or if the period ends before
 * it begins or is longer than 120 months.
 */
export function endedMonths({ from, to }: ReportPeriod, now: number): readonly Month[] {
  const newest = indexOf(new Date(now).toISOString().slice(0, 7)) - 1;
  const last = to === undefined ? newest : indexOf(to);
  const first = from === undefined ? last - (DEFAULT_MONTHS - 1) : indexOf(from);
  if (last > newest)
    throw new CordonError(
      'invalid_input',
      `The report covers calendar months that have ended, in UTC. The last one is ${nameOf(newest)}. Enter it or an earlier month as the end.`,
    );
  if (last < first || last - first >= LONGEST_MONTHS)
    throw new CordonError(
      'invalid_input',
      `The period ends before it begins, or is longer than ${LONGEST_MONTHS} months. Enter a later end or a shorter period.`,
    );
  return Array.from({ length: last - first + 1 }, (_, at) => monthAt(first + at));
}

/** Months between January of year 0 and this month. */
const indexOf = (month: string): number => Number(month.slice(0, 4)) * 12 + Number(month.slice(5, 7)) - 1;

const nameOf = (index: number): string =>
  `${String(Math.floor(index / 12)).padStart(4, '0')}-${String((index % 12) + 1).padStart(2, '0')}`;

const startOf = (index: number): number => Date.parse(`${nameOf(index)}-01T00:00:00Z`);

const monthAt = (index: number): Month => ({
  month: nameOf(index),
  from: startOf(index),
  until: startOf(index + 1),
});
