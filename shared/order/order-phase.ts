/** Phase of an order at an instant, for console and command line. A revision's state does not show that its time is over. */
import type { OrderSummary } from '../api/orders.ts';
import type { Instant } from '../time/clock.ts';
import { isProposalEnd, type ProposalEnd } from './proposal-end.ts';

/** `coming`: adopted, and its effective time is in the future. `ended`: its `until` passed. */
export type Phase = 'waiting' | ProposalEnd | 'announced' | 'active' | 'paused' | 'ended' | 'withdrawn';

export type PhaseFacts = Pick<OrderSummary, 'status' | 'pausedUntil'> & {
  readonly terms: Pick<OrderSummary['terms'], 'effective' | 'until'>;
};

/** Whether one approver alone paused the order, and the 72 hours of this pause are over. */
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
