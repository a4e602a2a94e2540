/**
 * Phase of an order at a given time. A revision's status is not enough, because it does not show whether the order's end time has passed.
 */
import type { OrderSummary } from '../api/orders.ts';
import type { Instant } from '../time/clock.ts';
import { isProposalEnd, type ProposalEnd } from './proposal-end.ts';

/** Phase of an order. `announced`: adopted, with an effective time in the future. `ended`: the end time has passed. */
export type Phase = 'waiting' | ProposalEnd | 'announced' | 'active' | 'paused' | 'ended' | 'withdrawn';

export type PhaseFacts = Pick<OrderSummary, 'status' | 'pausedUntil'> & {
  readonly terms: Pick<OrderSummary['terms'], 'effective' | 'until'>;
};

/** True if 72 hours have passed since a pause by one approver alone, so that the pause has ended. */
export const isLapsed = ({ status, pausedUntil }: Pick<PhaseFacts, 'status' | 'pausedUntil'>, now: Instant): boolean =>
  status === 'paused' && pausedUntil !== null && now >= pausedUntil;

export function phaseAt(order: PhaseFacts, now: Instant): Phase {
  const { status, terms } = order;
  if (status === 'withdrawn' || isProposalEnd(status)) return status;
  if (status === 'proposed') return 'waiting';
  if (terms.until !== null && now >= Date.parse(terms.until)) return 'ended';
  if (status === 'paused' && !isLapsed(order, now)) return 'paused';
  return now < Date.parse(terms.effective) ? 'announced' : 'active';
}
