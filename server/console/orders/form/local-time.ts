/**
 * Date and time in a form field, in the order's time zone. `exact`: the corresponding instant. It is known if the time comes from an
 * existing order, or if the admin chose one of two instants at a clock change. An edit clears `exact`. The functions are pure.
 */
import { z } from 'zod';

export const localTime = z.object({
  /** Date such as `2015-11-30`; empty while the date is missing. */
  date: z.string(),
  /** Time of day such as `23:59`; empty while the time of day is missing. */
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

/** Time in the format of the API; undefined while the date or the time of day is missing. */
export function timeText({ date, time, exact }: LocalTime): string | undefined {
  if (exact !== null) return exact;
  return date === '' || time === '' ? undefined : `${date}T${time}`;
}

/** Replaces an ambiguous time by one of its instants, such as `2015-11-01T01:30:00-05:00`. */
export const meaning = (written: LocalTime, suggestion: string): LocalTime => ({ ...written, exact: suggestion });
