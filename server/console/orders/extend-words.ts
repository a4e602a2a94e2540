/** Text about how new dates would affect the current order. The function is pure. */
import type { OrderView } from '../../../shared/api/orders.ts';
import { orderStateAt } from '../words/order-state.ts';
import { zonedTime } from './rule-words.ts';

export function extendWords(order: Pick<OrderView, 'status' | 'pausedUntil' | 'terms'>, now: number): string {
  const { effective, zone } = order.terms;
  if (orderStateAt(order, now).phase === 'paused') {
    return order.pausedUntil === null
      ? 'The order is paused. The order stays paused after the new effective time, until two approvers resume it.'
      : `The order is paused by one approval until ${zonedTime(order.pausedUntil, zone)}. New dates remove this time limit: the order stays paused until two approvers resume it.`;
  }
  return Date.parse(effective) <= now
    ? 'The order is already active. A later effective time makes the order inactive until that time.'
    : 'Services do not change before the new effective time.';
}
