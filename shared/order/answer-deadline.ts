/** Deadline for the answer to an order's authority: remaining time, and times of reminders. Pure. */
import type { Instant } from '../time/clock.ts';
import type { OrderTerms } from './documents.ts';
import type { ProceedingState } from './proceedings.ts';

const DAY = 86_400_000;
/** Reminders before the deadline. One more comes at the start of the last day. */
const LEADS = [7 * DAY, 2 * DAY];
/** Daily reminders after the deadline. The order stays marked as overdue after the last. */
export const OVERDUE_REMINDERS = 30;

export type AnswerState =
  | { readonly kind: 'answered'; readonly on: string }
  /** `days`: whole days that remain until the deadline; 0 on the last day. */
  | { readonly kind: 'due' | 'overdue'; readonly at: Instant; readonly days: number };

/** States in which the authority still expects an answer. A withdrawn order and an ended proposal need none. */
const OPEN: readonly string[] = ['proposed', 'active', 'paused'];

/** State of the deadline. Null: the order has no deadline, or needs no answer any more. */
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

/** Text of a badge, such as `Answer due in 3 days`. */
export function answerWords(state: AnswerState): string {
  if (state.kind === 'answered') return `Answered on ${state.on}`;
  if (state.kind === 'overdue') return 'Answer overdue';
  if (state.days === 0) return 'Answer due within a day';
  return `Answer due in ${state.days} ${state.days === 1 ? 'day' : 'days'}`;
}

/** Times of all reminders. `startOfDay`: start of an instant's day in the order's zone. */
export function reminderTimes(answerBy: Instant, startOfDay: (at: Instant) => Instant): readonly Instant[] {
  const overdue = Array.from({ length: OVERDUE_REMINDERS }, (_, day) => answerBy + day * DAY);
  // A deadline at midnight is the end of the day before.
  return [...LEADS.map((lead) => answerBy - lead), startOfDay(answerBy - 1), ...overdue];
}

/**
 * The reminder that is due, and the time of the next check; each is null if none exists. `sent`: number of the last reminder for the
 * deadline, -1 for none. After a downtime of the server, only the latest due reminder is returned.
 */
export function dueReminder(
  times: readonly Instant[],
  sent: number,
  now: Instant,
): { readonly step: number | null; readonly next: Instant | null } {
  const last = times.findLastIndex((at) => at <= now);
  return { step: last > sent ? last : null, next: times.find((at) => at > now) ?? null };
}
