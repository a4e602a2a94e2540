/**
 * Calls `tell` once for each new set of identifiers, as soon as the tab is visible. In a hidden tab, the user has not seen anything yet.
 */
import { useEffect, useEffectEvent } from 'react';

export function useWhenVisible(ids: readonly string[], tell: (ids: readonly string[]) => Promise<unknown>): void {
  const named = ids.join(' ');
  const report = useEffectEvent((shown: readonly string[]) => {
    // The page ignores an error of the report, because it repeats the report when it opens again.
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
