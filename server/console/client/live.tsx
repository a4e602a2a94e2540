/**
 * Keeps what is on the page fresh: the server says which topics changed, and the questions under them are asked again. A tab that nobody sees
 * listens to nothing: a browser has six connections for all tabs of a server, and a stream takes one of them.
 */
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, use, useEffect, useState } from 'react';
import { changedEvent, type Topic } from '../../../shared/api/events.ts';
import { askAgain } from '../../../shared/look/ask-again.ts';
import { followEvents } from '../../../shared/look/follow-events.ts';
import { SESSION_KEY } from './session.tsx';

const LiveContext = createContext(true);

/** False while the stream is down and what is shown may be old. */
export const useLive = () => use(LiveContext);

/** How long a tab may be out of sight before it stops listening: longer than a look at another tab. */
const HIDDEN_FOR = 20_000;

function stale(client: QueryClient, topics: readonly Topic[]): void {
  // It may be one's own roles that changed.
  if (topics.includes('accounts')) askAgain(client, { queryKey: SESSION_KEY });
  askAgain(client, {
    predicate: ({ queryKey: [under] }) =>
      typeof under === 'string' && topics.some((topic) => under.split('+').includes(topic)),
  });
}

function listen(client: QueryClient, setLive: (live: boolean) => void): () => void {
  return followEvents('/api/v1/events', {
    hiddenFor: HIDDEN_FOR,
    onOpen(missed) {
      setLive(true);
      if (missed) askAgain(client);
    },
    onDown() {
      setLive(false);
      // It may have ended because the session has.
      askAgain(client, { queryKey: SESSION_KEY });
    },
    onChanged(data) {
      const changed = changedEvent.safeParse(data);
      if (changed.success) stale(client, changed.data.topics);
    },
  });
}

export function LiveProvider({ children }: { readonly children: ReactNode }) {
  const client = useQueryClient();
  const [live, setLive] = useState(true);
  useEffect(() => listen(client, setLive), [client]);
  return <LiveContext value={live}>{children}</LiveContext>;
}
