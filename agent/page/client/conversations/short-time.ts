import { date } from '../../../../shared/look/time-words.ts';

const DAY = 86_400_000;
const time = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' });
const weekday = new Intl.DateTimeFormat('en-GB', { weekday: 'short' });

export const timeOfDay = (at: number): string => time.format(at);

export function shortTime(at: number, now: number): string {
  if (new Date(at).toDateString() === new Date(now).toDateString()) return timeOfDay(at);
  return now - at < 6 * DAY && at < now ? weekday.format(at) : date(at);
}
