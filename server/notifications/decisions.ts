/** Decisions about notifications: which causes are new, and when the next attempt of a delivery is due. The functions are pure. */
import type { Cause, Delivery, Rule } from './ports.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A cause that returns within this time gives no second notification, so that a device with a bad network does not flood a channel. */
const QUIET = HOUR;
/** Delays between the attempts of a delivery. After the last attempt, the delivery is dead. */
export const BACKOFF: readonly number[] = [30_000, 2 * MINUTE, 10 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR, 24 * HOUR];
/** Time after which no attempt is useful any more. */
export const DELIVERY_LASTS = 72 * HOUR;

export interface NotifiedDecision {
  readonly due: readonly string[];
  readonly gone: readonly string[];
}

/**
 * Compares the present causes with the notified ones. `notified`: causes of earlier notifications, with the time of the last one. `due`:
 * causes for which a notification is due.
 */
export function decideDue(
  { repeatHours }: Pick<Rule, 'repeatHours'>,
  causes: readonly Pick<Cause, 'key'>[],
  notified: ReadonlyMap<string, number>,
  now: number,
): NotifiedDecision {
  const repeat = repeatHours === null ? Number.POSITIVE_INFINITY : repeatHours * HOUR;
  const present = new Set(causes.map(({ key }) => key));
  const due = [...present].filter((key) => {
    const last = notified.get(key);
    return last === undefined || now - last >= repeat;
  });
  const gone = [...notified].filter(([key, last]) => !present.has(key) && now - last >= QUIET).map(([key]) => key);
  return { due, gone };
}

export function settlementOf(
  delivery: Pick<Delivery, 'attempts' | 'deadlineAt'>,
  failure: string | null,
  now: number,
): Pick<Delivery, 'state' | 'attempts' | 'nextAttemptAt' | 'deliveredAt' | 'failure'> {
  const attempts = delivery.attempts + 1;
  if (failure === null) return { state: 'delivered', attempts, nextAttemptAt: null, deliveredAt: now, failure: null };
  const delay = BACKOFF[attempts - 1];
  const next = delay === undefined ? null : now + delay;
  if (next === null || next > delivery.deadlineAt)
    return { state: 'dead', attempts, nextAttemptAt: null, deliveredAt: null, failure };
  return { state: 'waiting', attempts, nextAttemptAt: next, deliveredAt: null, failure };
}
