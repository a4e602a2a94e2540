/**
 * Reports messages as displayed: calls `tell` once for each new set of message identifiers, as soon as the browser tab is visible. In a
 * hidden tab, the user has seen nothing yet.
 */
import { useEffect, useEffectEvent } from 'react';

export function useWhenVisible(ids: readonly string[], tell: (ids: readonly string[]) => Promise<unknown>): void {
  const named = ids.join(' ');
  const report = useEffectEvent((shown: readonly string[]) => {
    // A failure of the report is ignored, because the page repeats the report when it opens again.
    tell(shown).catch(() => undefined);
  });
  useEffect(() => {
    if (named === '') return;
    const look = () => {
      if (document.visibilityState !== 'visible') return;
      document.removeEventListener('visibilitychange', look);
      report(named.split(' '));
    };
    document.addEventListener('visibilitychange', look);
    look();
    return () => document.removeEventListener('visibilitychange', look);
  }, [named]);
}
