/** Times of repeated attempts to deliver mail (RFC 5321, section 4.5.4.1). */

import type { GateView } from '../enforcement/gate-view.ts';

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

/**
 * Start of the period after which the connector returns a mail. The time under an order does not count, so the period starts again when the
 * order ends. `suspendedAt`: last time at which an order suspended mail.
 */
export const attemptsSince = (acceptedAt: number, suspendedAt: number, { open, since }: GateView): number =>
  Math.max(acceptedAt, suspendedAt, open ? since : 0);

export const isOverdue = (attemptedSince: number, now: number): boolean => now - attemptedSince >= RETURN_AFTER;
