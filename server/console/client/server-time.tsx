/**
 * The server's own clock, by which orders take effect: read with every `/health`, counted on by this browser in between. A browser whose clock is
 * wrong still counts down rightly. Sessions, codes, commands and certificates run on real time: for those `Date.now()` is right.
 */
import { useQuery } from '@tanstack/react-query';
import { createContext, type ReactNode, use, useEffect, useState } from 'react';
import { healthQuery } from './queries.ts';

const OffsetContext = createContext(0);

export function ServerTimeProvider({ children }: { readonly children: ReactNode }) {
  const { data, dataUpdatedAt } = useQuery({ ...healthQuery, refetchInterval: 60_000 });
  const offset = data ? data.now - dataUpdatedAt : 0;
  return <OffsetContext value={offset}>{children}</OffsetContext>;
}

/** The server's time in Unix milliseconds, again every `every` milliseconds. */
export function useServerNow(every = 1_000): number {
  const offset = use(OffsetContext);
  const now = useNow(every);
  return now + offset;
}

/** Real time, again every `every` milliseconds. */
export function useNow(every = 1_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
