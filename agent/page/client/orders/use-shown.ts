/** Tells the agent which orders a person has before them, in a tab that is seen: it signs a receipt for each, once. */
import { useEffect } from 'react';
import { done } from '../../../../shared/api/wire.ts';
import { call } from '../client/call.ts';

export function useShown(orders: readonly string[]): void {
  const named = orders.join(' ');
  useEffect(() => {
    if (named === '') return;
    const tell = () => {
      if (document.visibilityState !== 'visible') return;
      document.removeEventListener('visibilitychange', tell);
      // What could not be told now is told when the page is opened next.
      call('POST', '/shown', done, { orders: named.split(' ') }).catch(() => undefined);
    };
    document.addEventListener('visibilitychange', tell);
    tell();
    return () => document.removeEventListener('visibilitychange', tell);
  }, [named]);
}
