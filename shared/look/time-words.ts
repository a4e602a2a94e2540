/** Times and durations in words. All functions take Unix milliseconds. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const readerZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Date and time such as `25 Nov 2026, 14:05`, in the reader's zone or another zone. */
export function dateTime(instant: number, zone?: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    dateStyle: 'medium',
    timeStyle: 'short',
    ...(zone !== undefined && { timeZone: zone }),
  }).format(instant);
}

/** Date such as `25 Nov 2026`, in the reader's zone. */
export const date = (instant: number): string => days.format(instant);
// Formatters are created once, because they are expensive and long lists contain many dates.
const days = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' });

/** UTC offset of a time zone: `Asia/Karachi` → `GMT+5`. */
export function zoneOffset(instant: number, zone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'shortOffset' }).formatToParts(
    instant,
  );
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? zone;
}

const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;

const YEAR = 365.25 * DAY;

/** Duration in its two largest units, such as `3 days 4 hours`, `12 minutes` or `40 seconds`. */
export function duration(milliseconds: number): string {
  const whole = Math.max(0, milliseconds);
  const days = Math.floor(whole / DAY);
  const hours = Math.floor((whole % DAY) / HOUR);
  const minutes = Math.floor((whole % HOUR) / MINUTE);
  if (whole >= 2 * YEAR) return plural(Math.floor(whole / YEAR), 'year');
  if (days > 0) return hours > 0 && days < 14 ? `${plural(days, 'day')} ${plural(hours, 'hour')}` : plural(days, 'day');
  if (hours > 0) return minutes > 0 ? `${plural(hours, 'hour')} ${plural(minutes, 'minute')}` : plural(hours, 'hour');
  if (minutes > 0) return plural(minutes, 'minute');
  return plural(Math.floor(whole / SECOND), 'second');
}

/** Time relative to now, such as `3 minutes ago`, `in 2 days` or `just now`. */
export function relative(instant: number, now: number): string {
  const distance = instant - now;
  if (Math.abs(distance) < 10 * SECOND) return 'just now';
  return distance < 0 ? `${duration(-distance)} ago` : `in ${duration(distance)}`;
}
