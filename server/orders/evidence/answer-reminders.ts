/**
 * Reminders of answers that an authority expects by a deadline. The responsible people get one alert for each order, and a mail if mail is
 * configured. The server stores each reminder before it sends it, so that a restart never repeats a reminder.
 */
import { Loop } from '../../../shared/loops/loop.ts';
import { answerState, dueReminder, reminderTimes } from '../../../shared/order/answer-deadline.ts';
import type { OrderTerms } from '../../../shared/order/documents.ts';
import type { AccountId } from '../../../shared/protocol/ids.ts';
import { oneLine } from '../../../shared/text/visible-text.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import type { OrderView } from '../adoption/order-views.ts';
import type { Log } from '../ports.ts';
import { answerAlert } from './proceedings.ts';

export interface SentReminder {
  readonly answerBy: Instant;
  /** Number of the last reminder that was sent about the deadline `answerBy`. The number is an index into the result of `reminderTimes`. */
  readonly step: number;
  readonly mailed: readonly AccountId[];
}

export interface NewReminder {
  readonly order: string;
  readonly answerBy: Instant;
  readonly step: number;
  readonly at: Instant;
  readonly alert: { readonly code: string; readonly detail: string };
}

export interface ReminderStore {
  reminder(order: string): Promise<SentReminder | null>;
  /**
   * Stores a reminder about the answer that an authority expects for an order. The alert of the reminder replaces the previous such alert.
   * Returns false and changes nothing if the store already has the reminder.
   */
  recordReminder(reminder: NewReminder): Promise<boolean>;
  recordMailed(order: string, mailed: readonly AccountId[]): Promise<void>;
}

export interface ReminderMail {
  readonly subject: string;
  readonly text: string;
}

export interface Responsible {
  readonly id: AccountId;
  readonly name: string;
  readonly email: string;
}

export interface ResponsiblePort {
  responsible(areas: OrderTerms['areas']): Promise<readonly Responsible[]>;
  /** Function that sends a mail and may throw `mail_failed`. Null if mail is not configured. */
  mail(): ((to: Responsible, mail: ReminderMail) => Promise<void>) | null;
}

/** Delay in milliseconds before the server sends a failed mail again. */
const MAIL_RETRY_AFTER = 600_000;
const RETRY_AFTER = 60_000;

export function createAnswerReminders(ports: {
  readonly store: ReminderStore;
  readonly clock: Clock;
  readonly orders: () => Promise<readonly OrderView[]>;
  readonly people: ResponsiblePort;
  readonly raised: () => void;
  readonly log: Log;
}): Loop {
  const { store, clock, orders, people, raised, log } = ports;

  async function sendReminders(): Promise<Instant | null> {
    let next: Instant | null = null;
    const runAgainAt = (at: Instant | null) => {
      if (at !== null) next = next === null ? at : Math.min(next, at);
    };
    for (const order of await orders()) {
      const now = clock.now();
      const state = answerState(order, now);
      if (state === null || state.kind === 'answered') continue;
      const sentReminder = await store.reminder(order.number);
      const sent = sentReminder?.answerBy === state.at ? sentReminder.step : -1;
      const times = reminderTimes(state.at, (at) => startOfDay(at, order.terms.zone));
      const due = dueReminder(times, sent, now);
      runAgainAt(due.next);
      const mail = reminderMail(order, state.kind, now);
      if (due.step !== null) {
        const code = answerAlert(order.number);
        const detail = order.withheld ? `${order.number} needs an answer. ${SEE_ORDER}` : mail.text;
        const alert = { code, detail };
        const reminder = { order: order.number, answerBy: state.at, step: due.step, at: now, alert };
        if (await store.recordReminder(reminder)) raised();
      }
      if (due.step === null && sentReminder?.answerBy !== state.at) continue;
      if (!(await mailAll(order, mail))) runAgainAt(now + MAIL_RETRY_AFTER);
    }
    return next;
  }

  /**
   * Mails a reminder about an order to the responsible accounts. Returns false if a mail failed. The next attempt skips the accounts that
   * have already received the reminder.
   */
  async function mailAll(order: OrderView, mail: ReminderMail): Promise<boolean> {
    const send = people.mail();
    const sentReminder = await store.reminder(order.number);
    if (!send || !sentReminder) return true;
    let mailed = sentReminder.mailed;
    let complete = true;
    for (const to of await people.responsible(order.terms.areas)) {
      if (mailed.includes(to.id)) continue;
      const before = mailed;
      mailed = [...mailed, to.id];
      await store.recordMailed(order.number, mailed);
      try {
        await send(to, mail);
      } catch (error) {
        log.warn({ err: error, order: order.number }, 'A reminder could not be mailed. The server tries again.');
        mailed = before;
        await store.recordMailed(order.number, mailed);
        complete = false;
      }
    }
    return complete;
  }

  return new Loop({
    run: sendReminders,
    clock,
    retryAfter: RETRY_AFTER,
    failed: (error) => log.warn({ err: error }, 'Reminders of answers could not be given. The server tries again.'),
  });
}

const SEE_ORDER = 'The page of the order shows more to authorized readers.';

const startOfDay = (at: Instant, zone: string): Instant =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).startOfDay().epochMilliseconds;

export function reminderMail(
  { number, terms }: Pick<OrderView, 'number' | 'terms'>,
  kind: 'due' | 'overdue',
  now: Instant,
): ReminderMail {
  const { authority, answerBy = '', zone, title } = terms;
  const at = Date.parse(answerBy);
  const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: zone });
  const time = `${format.format(at)} (${zone})`;
  const days = Math.floor(Math.abs(at - now) / 86_400_000);
  const distance = days === 0 ? 'less than a day' : `${days} ${days === 1 ? 'day' : 'days'}`;
  const [subject, fact] =
    kind === 'due'
      ? [`Order ${number}: answer due in ${distance}`, `The authority expects an answer by ${time}, in ${distance}.`]
      : [
          `Order ${number}: answer overdue`,
          `The authority expected an answer by ${time}. It is overdue by ${distance}.`,
        ];
  const text = [
    `Order ${number}: ${oneLine(title)}. Authority: ${oneLine(authority).slice(0, 200)}.`,
    fact,
    `When the answer is sent, record it on the order’s page, or with: cordon orders answer ${number}`,
  ];
  return { subject, text: text.join(' ') };
}
