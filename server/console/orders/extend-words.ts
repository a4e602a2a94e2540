/** What another date does to an order as it stands. Pure. */
import type { OrderView } from '../../../shared/api/orders.ts';
import { standingAt } from '../words/order-standing.ts';
import { zonedTime } from './rule-words.ts';

export function extendWords(order: Pick<OrderView, 'status' | 'heldUntil' | 'terms'>, now: number): string {
  const { effective, zone } = order.terms;
  if (standingAt(order, now).phase === 'held') {
    return order.heldUntil === null
      ? 'It is on hold, and stays so, also past the new time, until it is released.'
      : `It is on hold by one approver alone, until ${zonedTime(order.heldUntil, zone)}. With another date the hold does not lapse then: it lasts, also past the new time, until it is released.`;
  }
  return Date.parse(effective) <= now
    ? 'Its time has come already: a later one takes it out of force until then.'
    : 'Until the new time, service goes on as it does now.';
}
