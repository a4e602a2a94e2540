/**
 * Clock of the server, which decides when orders take effect. Each `/health` response corrects the page's copy of this clock, so a wrong
 * browser clock does not distort countdowns.
 * Sessions, codes, commands and certificates use the system clock, which differs from the server clock only in the demo. The console adds
 * the difference to the displayed times of the system clock.
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

/** Milliseconds by which the demo's clock is ahead of the system clock; 0 on every other server. */
export const useDemoLead = (): number => use(LeadContext);

/** Time of the server clock in Unix milliseconds. */
export function useServerNow(every = 1_000): number {
  const offset = use(OffsetContext);
  const now = useNow(every);
  return now + offset;
}

/** Time of the browser's clock in Unix milliseconds. */
export function useNow(every = 1_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
