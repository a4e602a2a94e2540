/**
 * Times at which the user gets notices about an order, from the order's notice plan. Times before the proposal of the newest revision are
 * skipped. A device that was off shows only the latest missed notice, and no announcement of an order that is already effective.
 */
import type { NoticeMoment, Revision } from '../../shared/order/documents.ts';
import { NOTICE_MOMENTS } from '../../shared/order/documents.ts';
import { momentAt } from '../../shared/order/notice-times.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';

export interface DeliveredNotice {
  readonly order: string;
  readonly moment: NoticeMoment;
  /** Effective time of the order, as this notice states it. If an order's effective time changes, the user gets new notices. */
  readonly effective: Instant;
  readonly revision: number;
  readonly at: Instant;
  readonly displayed: boolean;
}

interface Planned {
  readonly moment: NoticeMoment;
  readonly at: Instant;
}

/** Planned notices of a revision, oldest first. A withdrawal has no planned notices. */
function planned({ terms, proposedAt }: Revision): Planned[] {
  const effective = Date.parse(terms.effective);
  const wanted = terms.noticePlan ?? NOTICE_MOMENTS;
  return NOTICE_MOMENTS.flatMap((moment) => {
    const at = momentAt(moment, effective);
    if (at === null || !wanted.includes(moment)) return [];
    return moment === 'effective' || at >= Date.parse(proposedAt) ? [{ moment, at }] : [];
  });
}

type State = Pick<OrderRule, 'until' | 'pausedUntil' | 'withdrawn'>;

const isWithoutNotice = ({ until, pausedUntil }: State, now: Instant): boolean =>
  (until !== null && now >= until) || (pausedUntil !== null && now < pausedUntil);

export interface NoticeHistory {
  readonly delivered: readonly Pick<DeliveredNotice, 'moment' | 'effective'>[];
  readonly denied: boolean;
}

/** Returns the kind of notice about an order that is due now, or null. The caller must check whether the order affects the device. */
export function dueNotice(
  revision: Revision,
  rule: State,
  { delivered, denied }: NoticeHistory,
  now: Instant,
): NoticeMoment | null {
  if (rule.withdrawn) {
    const wanted = (revision.terms.noticePlan ?? NOTICE_MOMENTS).includes('withdrawal');
    // The user gets a notice of withdrawal only if an earlier notice was delivered or a service was denied.
    const isKnown = denied || delivered.length > 0;
    return wanted && isKnown && delivered.every(({ moment }) => moment !== 'withdrawal') ? 'withdrawal' : null;
  }
  if (isWithoutNotice(rule, now)) return null;
  const effective = Date.parse(revision.terms.effective);
  const latest = planned(revision).findLast(({ at }) => at <= now);
  if (!latest || (now >= effective && latest.moment !== 'effective')) return null;
  const known = delivered.some((each) => each.moment === latest.moment && each.effective === effective);
  return known ? null : latest.moment;
}

export function nextNotice(revision: Revision, rule: State, now: Instant): Instant | null {
  if (rule.withdrawn) return null;
  return planned(revision).find(({ at }) => at > now)?.at ?? null;
}
