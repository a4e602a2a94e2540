/** Delay before the next connection attempt, with full jitter, so that the devices of a fleet do not reconnect at the same time. */

const FIRST = 1_000;
const LONGEST = 5 * 60_000;

/**
 * Delay in milliseconds. `attempt`: number of earlier failures. `random`: number in [0, 1). If the server sent `Retry-After`, the delay is
 * that value plus jitter.
 */
export function backoff(attempt: number, random: number, retryAfter: number | null = null): number {
  const ceiling = Math.min(LONGEST, FIRST * 2 ** Math.min(attempt, 20));
  return Math.round(retryAfter === null ? random * ceiling : retryAfter + random * Math.max(ceiling, retryAfter / 4));
}

/**
 * Delay in milliseconds from a `Retry-After` header (RFC 9110, section 10.2.3): seconds or a date, at most one day. Null for an invalid
 * value.
 */
export function parseRetryAfter(value: string | undefined, realNow: number): number | null {
  if (value === undefined) return null;
  const wait = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - realNow;
  return Number.isFinite(wait) ? Math.min(Math.max(0, wait), 86_400_000) : null;
}
