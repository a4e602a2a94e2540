/**
 * Value of a form field for a date and time in the time zone of an order. `exact`: the instant, if it comes from an existing order or from
 * the admin's choice at a clock change. An edit clears `exact`.
 */
import { z } from 'zod';

export const localTime = z.object({
  date: z.string(),
  time: z.string(),
  exact: z.string().nullable(),
});
export type LocalTime = z.infer<typeof localTime>;

export const NO_TIME: LocalTime = { date: '', time: '', exact: null };

export function localTimeAt(instant: string, zone: string): LocalTime {
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

export function timeText({ date, time, exact }: LocalTime): string | undefined {
  if (exact !== null) return exact;
  return date === '' || time === '' ? undefined : `${date}T${time}`;
}

/**
 * Returns the value of the field with the instant that the admin chose, such as `2015-11-01T01:30:00-05:00`. The choice is necessary if a
 * clock change skips or repeats the local time.
 */
export const meaning = (written: LocalTime, suggestion: string): LocalTime => ({ ...written, exact: suggestion });
