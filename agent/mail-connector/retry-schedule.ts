/** Times of repeated attempts to deliver mail (RFC 5321, section 4.5.4.1). */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const FIRST = 5 * SECOND;
const LONGEST = 30 * MINUTE;
/** Milliseconds after which the connector stops its attempts and returns the mail. */
export const RETURN_AFTER = 5 * 86_400_000;

/** Time of the next attempt. `attempts`: number of failed attempts. `random`: number in [0, 1). */
export function nextAttempt(attempts: number, now: number, random: number): number {
  const delay = Math.min(LONGEST, FIRST * 2 ** Math.min(attempts, 20));
  return now + Math.round(delay * (0.75 + random / 4));
}

export const isOverdue = (acceptedAt: number, now: number): boolean => now - acceptedAt >= RETURN_AFTER;
