/** Rule for changes of a device's placement that alter the effect of an order. */
import { CordonError } from '../../shared/errors.ts';
import { LONGEST_OVERRIDE } from '../orders/impact/statement-effects.ts';

/**
 * Throws `statement_too_long` for a location statement of more than 7 days that changes a verdict. `until`: end of the statement. `devices`:
 * number of devices whose verdict changes.
 */
export function requireShort(until: number, orders: readonly string[], devices: number, now: number): void {
  if (orders.length === 0 || until <= now + LONGEST_OVERRIDE) return;
  const latest = new Date(now + LONGEST_OVERRIDE).toISOString();
  const where = devices === 1 ? 'this device' : `${devices} of these devices`;
  throw new CordonError(
    'statement_too_long',
    `The statement changes the effect of order ${orders.join(' and order ')} on ${where}. Such a statement lasts at most 7 days: choose an end before ${latest}.`,
    { field: 'statement', orders, latest },
  );
}
