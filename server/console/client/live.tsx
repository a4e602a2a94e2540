/**
 * Live updates of the console: the server sends the topics that changed, and the console repeats their queries. A hidden tab closes its
 * stream, because a browser shares six connections among all tabs of a server.
 */
import type { QueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { changedEvent, type Topic } from '../../../shared/api/events.ts';
import { LiveUpdates } from '../../../shared/look/live-updates.tsx';
import { refetchStale } from '../../../shared/look/refetch-stale.ts';
import { SESSION_KEY } from './session.tsx';

const EVENTS = {
  url: '/api/v1/events',
  // Delay before a hidden tab closes its event stream. The stream thus stays open during a short visit to another tab.
  hiddenFor: 20_000,
  onDown: (client: QueryClient) => refetchStale(client, { queryKey: SESSION_KEY }),
  onChanged(client: QueryClient, data: unknown) {
    const changed = changedEvent.safeParse(data);
    if (changed.success) refetchTopics(client, changed.data.topics);
  },
};

function refetchTopics(client: QueryClient, topics: readonly Topic[]): void {
  // A change of roles may concern the signed-in admin, so the session is requested again.
  if (topics.includes('accounts')) refetchStale(client, { queryKey: SESSION_KEY });
  refetchStale(client, {
    predicate: ({ queryKey: [under] }) =>
      typeof under === 'string' && topics.some((topic) => under.split('+').includes(topic)),
  });
}

export const LiveProvider = ({ children }: { readonly children: ReactNode }) => (
  <LiveUpdates stream={EVENTS}>{children}</LiveUpdates>
);
