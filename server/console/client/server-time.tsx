/**
 * Server clock, which decides when orders take effect. Each `/health` response corrects the page's copy, so that a wrong browser clock does
 * not distort countdowns. Sessions, codes, commands and certificates use real time. In the demo the server clock is ahead of real time. The
 * console shifts displayed real times by the same difference.
 */
import { useQuery } from '@tanstack/react-query';
import { createContext, type ReactNode, use, useEffect, useState } from 'react';
import { healthQuery, installationQuery } from './queries.ts';

const OffsetContext = createContext(0);
const LeadContext = createContext(0);

export function ServerTimeProvider({ children }: { readonly children: ReactNode }) {
  const { data, dataUpdatedAt } = useQuery({ ...healthQuery, refetchInterval: 60_000 });
  const offset = data ? data.now - dataUpdatedAt : 0;
  const demo = useQuery(installationQuery).data?.demo === true;
  return (
    <OffsetContext value={offset}>
      <LeadContext value={demo ? offset : 0}>{children}</LeadContext>
    </OffsetContext>
  );
}

/** Difference between the demo clock and real time, in milliseconds; 0 on every other server. */
export const useDemoLead = (): number => use(LeadContext);

/** Server time in Unix milliseconds. */
export function useServerNow(every = 1_000): number {
  const offset = use(OffsetContext);
  const now = useNow(every);
  return now + offset;
}

/** Real time in Unix milliseconds. */
export function useNow(every = 1_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
