/**
 * Times of the disclosure desk. Forms and pages use UTC, because a window in the browser's time zone would mean other records for a
 * colleague in another zone.
 */
import { dateTime } from '../../../shared/look/time-words.ts';

export const utcTime = (instant: number | string): string =>
  `${dateTime(typeof instant === 'string' ? Date.parse(instant) : instant, 'UTC')} UTC`;

/** Instant of the value of an input `datetime-local`, such as `2026-11-29T12:00` in UTC; undefined for an incomplete value. */
export function instantOf(value: string): string | undefined {
  const instant = Date.parse(`${value}Z`);
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value) && !Number.isNaN(instant)
    ? new Date(instant).toISOString()
    : undefined;
}

/** Value of an input `datetime-local` for an instant. The input shows seconds only where they differ from zero. */
export const inputValue = (timestamp: string): string => timestamp.replace(/(:00)?(\.000)?Z$/, '');
