/** Deadline by which the organization must answer the authority behind an order, and the reminders about it. */
import type { Instant } from '../time/clock.ts';
import type { OrderTerms } from './documents.ts';
import type { ProceedingState } from './proceedings.ts';

const DAY = 86_400_000;
/** Lead times of the reminders before an answer deadline, in milliseconds. One more reminder follows at the start of the last day. */
const LEADS = [7 * DAY, 2 * DAY];
/**
 * Number of daily reminders after the deadline for an answer to an order's authority. After the last reminder, the order stays marked as
 * overdue.
 */
export const OVERDUE_REMINDERS = 30;

export type AnswerState =
  | { readonly kind: 'answered'; readonly on: string }
  /** State of the deadline. `days`: number of whole days until the deadline, or since the deadline if it has passed. */
  | { readonly kind: 'due' | 'overdue'; readonly at: Instant; readonly days: number };

/** Order states in which the authority expects an answer. A withdrawn order and an ended proposal need none. */
const OPEN: readonly string[] = ['proposed', 'active', 'paused'];

/** State of the deadline for an answer to an order's authority. Null if the order has no deadline or needs no answer. */
export function answerState(
  order: {
    readonly status: string;
    readonly terms: Pick<OrderTerms, 'answerBy'>;
    readonly proceedings: Pick<ProceedingState, 'answer'>;
  },
  now: Instant,
): AnswerState | null {
  const { answer } = order.proceedings;
  if (answer) return { kind: 'answered', on: answer.on };
  const { answerBy } = order.terms;
  if (answerBy === undefined || !OPEN.includes(order.status)) return null;
  const at = Date.parse(answerBy);
  const days = Math.floor(Math.abs(at - now) / DAY);
  return { kind: now < at ? 'due' : 'overdue', at, days };
}

export function answerWords(state: AnswerState): string {
  if (state.kind === 'answered') return `Answered on ${state.on}`;
  if (state.kind === 'overdue') return 'Answer overdue';
  if (state.days === 0) return 'Answer due within a day';
  return `Answer due in ${state.days} ${state.days === 1 ? 'day' : 'days'}`;
}

/**
 * Returns the times of all reminders about an answer to an order's authority. `answerBy`: deadline. `startOfDay`: returns the start of a
 * day in the order's time zone.
 */
export function reminderTimes(answerBy: Instant, startOfDay: (at: Instant) => Instant): readonly Instant[] {
  const overdue = Array.from({ length: OVERDUE_REMINDERS }, (_, day) => answerBy + day * DAY);
  // A deadline at midnight belongs to the day that ends at that midnight.
  return [...LEADS.map((lead) => answerBy - lead), startOfDay(answerBy - 1), ...overdue];
}

/**
 * Decides which reminder is due. `step`: number of the reminder to send now; null if none is due. `next`: time of the next reminder.
 * `sent`: number of the last sent reminder; -1 if none was sent. After a downtime, only the latest due reminder is sent.
 */
export function dueReminder(
  times: readonly Instant[],
  sent: number,
  now: Instant,
): { readonly step: number | null; readonly next: Instant | null } {
  const last = times.findLastIndex((at) => at <= now);
  return { step: last > sent ? last : null, next: times.find((at) => at > now) ?? null };
}
