/** How long to wait before the next attempt: full jitter, so that a fleet that lost its server together does not return together. */

const FIRST = 1_000;
const LONGEST = 5 * 60_000;

/** `attempt` counts failures from 0. `random` is in [0, 1). A `Retry-After` is a least time, with jitter on top. */
export function backoff(attempt: number, random: number, retryAfter: number | null = null): number {
  const ceiling = Math.min(LONGEST, FIRST * 2 ** Math.min(attempt, 20));
  return Math.round(retryAfter === null ? random * ceiling : retryAfter + random * Math.max(ceiling, retryAfter / 4));
}

/** RFC 9110, section 10.2.3: seconds or a date. Null for what is neither, and never more than a day. */
export function parseRetryAfter(value: string | undefined, realNow: number): number | null {
  if (value === undefined) return null;
  const wait = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - realNow;
  return Number.isFinite(wait) ? Math.min(Math.max(0, wait), 86_400_000) : null;
}
