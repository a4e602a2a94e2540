/**
 * Live updates of the console. The server sends the topics in which data changed, and the console repeats the queries of these topics. A
 * hidden tab closes its event stream, because a browser allows only six connections to a server for all tabs together.
 */
import type { QueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { changedEvent, type Topic } from '../../../shared/api/events.ts';
import { LiveUpdates } from '../../../shared/look/live-updates.tsx';
import { refetchStale } from '../../../shared/look/refetch-stale.ts';
import { SESSION_KEY } from './session.tsx';

const EVENTS = {
  url: '/api/v1/events',
  // Milliseconds before a hidden tab closes its event stream, so that a short visit to another tab does not close the stream.
  hiddenFor: 20_000,
  onDown: (client: QueryClient) => refetchStale(client, { queryKey: SESSION_KEY }),
  onChanged(client: QueryClient, data: unknown) {
    const changed = changedEvent.safeParse(data);
    if (changed.success) refetchTopics(client, changed.data.topics);
  },
};

function refetchTopics(client: QueryClient, topics: readonly Topic[]): void {
  // Request the session again, because a change of roles may concern the signed-in admin.
  if (topics.includes('accounts')) refetchStale(client, { queryKey: SESSION_KEY });
  refetchStale(client, {
    predicate: ({ queryKey: [under] }) =>
      typeof under === 'string' && topics.some((topic) => under.split('+').includes(topic)),
  });
}

export const LiveProvider = ({ children }: { readonly children: ReactNode }) => (
  <LiveUpdates stream={EVENTS}>{children}</LiveUpdates>
);
