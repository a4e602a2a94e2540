const DAY = 86_400_000;
/** English dates name the month, because 1/12 is a day in January to one reader and in December to another. */
const ENGLISH = 'en-GB';

const time = new Intl.DateTimeFormat(ENGLISH, { timeStyle: 'short' });

export const timeOfDay = (at: number): string => time.format(at);

/** Formats a time: the hour for today, the weekday for the last days, or the date. */
export const shortTime = createShortTime(ENGLISH);

/**
 * Creates a function that formats times. `tag`: language of the texts. Formatters are created once, because they are expensive and long
 * lists contain many times.
 */
export function createShortTime(tag: string): (at: number, now: number) => string {
  const language = tag === 'en' ? ENGLISH : tag;
  const ofToday = new Intl.DateTimeFormat(language, { timeStyle: 'short' });
  const weekday = new Intl.DateTimeFormat(language, { weekday: 'short' });
  const date = new Intl.DateTimeFormat(language, { dateStyle: 'medium' });
  return (at, now) => {
    if (new Date(at).toDateString() === new Date(now).toDateString()) return ofToday.format(at);
    return (now - at < 6 * DAY && at < now ? weekday : date).format(at);
  };
}
