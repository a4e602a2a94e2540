/** Reports to the agent which orders its web page has displayed to the user. The agent signs one receipt for each order. */
import { done } from '../../../../shared/api/wire.ts';
import { call } from '../client/call.ts';
import { useWhenVisible } from '../client/use-when-visible.ts';

export function useDisplayedOrders(orders: readonly string[]): void {
  useWhenVisible(orders, (shown) => call('POST', '/shown', done, { orders: shown }));
}
