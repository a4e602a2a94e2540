/**
 * When a person on this device is to be told of an order: at the moments of its plan that lay ahead when its newest revision was proposed. A device that
 * was off for several of them tells of the latest alone, and once the order has begun of nothing that was to come before. Pure.
 */
import type { NoticeMoment, Revision } from '../../shared/order/documents.ts';
import { NOTICE_MOMENTS } from '../../shared/order/documents.ts';
import { momentAt } from '../../shared/order/notice-times.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';

/** One notice of an order that a person on this device was given. */
export interface GivenNotice {
  readonly order: string;
  readonly moment: NoticeMoment;
  /** Of the order then: another date is told of anew. */
  readonly effective: Instant;
  readonly revision: number;
  readonly at: Instant;
  readonly shown: boolean;
}

interface Planned {
  readonly moment: NoticeMoment;
  readonly at: Instant;
}

/** Oldest first; without the one at withdrawal, whose time nobody knows. */
function planned({ terms, proposedAt }: Revision): Planned[] {
  const effective = Date.parse(terms.effective);
  const wanted = terms.noticePlan ?? NOTICE_MOMENTS;
  return NOTICE_MOMENTS.flatMap((moment) => {
    const at = momentAt(moment, effective);
    if (at === null || !wanted.includes(moment)) return [];
    return moment === 'entry' || at >= Date.parse(proposedAt) ? [{ moment, at }] : [];
  });
}

type State = Pick<OrderRule, 'until' | 'heldUntil' | 'withdrawn'>;

const silent = ({ until, heldUntil }: State, now: Instant): boolean =>
  (until !== null && now >= until) || (heldUntil !== null && now < heldUntil);

/** What this device has had of the order so far. */
export interface SoFar {
  readonly given: readonly Pick<GivenNotice, 'moment' | 'effective'>[];
  /** It has denied something here, now or ever. */
  readonly denied: boolean;
}

/** The notice that is due of this order now, or null. Whether the order concerns the device is not asked here. */
export function dueNotice(
  revision: Revision,
  rule: State,
  { given, denied }: SoFar,
  now: Instant,
): NoticeMoment | null {
  if (rule.withdrawn) {
    const wanted = (revision.terms.noticePlan ?? NOTICE_MOMENTS).includes('withdrawal');
    // Who was told nothing by it, and denied nothing, has nothing to hear of now.
    const heard = denied || given.length > 0;
    return wanted && heard && given.every(({ moment }) => moment !== 'withdrawal') ? 'withdrawal' : null;
  }
  if (silent(rule, now)) return null;
  const effective = Date.parse(revision.terms.effective);
  const latest = planned(revision).findLast(({ at }) => at <= now);
  if (!latest || (now >= effective && latest.moment !== 'entry')) return null;
  const known = given.some((each) => each.moment === latest.moment && each.effective === effective);
  return known ? null : latest.moment;
}

/** When to look again; null when nothing of this order's plan lies ahead. */
export function nextNotice(revision: Revision, rule: State, now: Instant): Instant | null {
  if (rule.withdrawn) return null;
  return planned(revision).find(({ at }) => at > now)?.at ?? null;
}
