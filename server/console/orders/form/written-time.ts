/**
 * A time as a form holds it: a day and a time of day in the order's zone. `exact` says which instant is meant where that is known: of a time that
 * stands in an order already, and of a local time that a clock change skips or repeats once it has been said which. Any edit forgets it. Pure.
 */
import { z } from 'zod';

export const writtenTime = z.object({
  /** `2015-11-30`; empty while it is not given. */
  date: z.string(),
  /** `23:59`; empty while it is not given. */
  time: z.string(),
  exact: z.string().nullable(),
});
export type WrittenTime = z.infer<typeof writtenTime>;

export const NO_TIME: WrittenTime = { date: '', time: '', exact: null };

/** An instant as the clocks of a zone show it. */
export function writtenAt(instant: string, zone: string): WrittenTime {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const parts = new Map(format.formatToParts(Date.parse(instant)).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? '';
  return {
    date: `${part('year')}-${part('month')}-${part('day')}`,
    time: `${part('hour')}:${part('minute')}`,
    exact: instant,
  };
}

/** What the API is given; undefined while half of it is missing. */
export function timeText({ date, time, exact }: WrittenTime): string | undefined {
  if (exact !== null) return exact;
  return date === '' || time === '' ? undefined : `${date}T${time}`;
}

/** The same day and time of day, and one of the instants that they can mean: `2015-11-01T01:30:00-05:00`. */
export const meaning = (written: WrittenTime, suggestion: string): WrittenTime => ({ ...written, exact: suggestion });
