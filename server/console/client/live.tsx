/** Keeps what is on the page fresh: the server says which topics changed, and the questions under them are asked again. */
import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, use, useEffect, useState } from 'react';
import { changedEvent } from '../../../shared/api/events.ts';
import { SESSION_KEY } from './session.tsx';

const LiveContext = createContext(true);

/** False while the stream is down and what is shown may be old. */
export const useLive = () => use(LiveContext);

export function LiveProvider({ children }: { readonly children: ReactNode }) {
  const client = useQueryClient();
  const [live, setLive] = useState(true);
  useEffect(() => {
    const source = new EventSource('/api/v1/events');
    let wasDown = false;
    source.addEventListener('open', () => {
      setLive(true);
      // What changed while nobody listened is not told again.
      if (wasDown) void client.invalidateQueries();
      wasDown = false;
    });
    source.addEventListener('error', () => {
      setLive(false);
      wasDown = true;
      // It may have ended because the session has.
      void client.invalidateQueries({ queryKey: SESSION_KEY });
    });
    source.addEventListener('changed', ({ data }) => {
      const changed = changedEvent.safeParse(JSON.parse(String(data)));
      if (!changed.success) return;
      void client.invalidateQueries({
        predicate: ({ queryKey: [topics] }) =>
          typeof topics === 'string' && changed.data.topics.some((topic) => topics.split('+').includes(topic)),
      });
    });
    return () => source.close();
  }, [client]);
  return <LiveContext value={live}>{children}</LiveContext>;
}
