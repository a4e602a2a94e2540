/** What the page asks the daemon. Each change that the daemon tells of makes all of it stale (`live.tsx`). */
import { infiniteQueryOptions, QueryClient, queryOptions } from '@tanstack/react-query';
import { Refusal } from '../../../../shared/look/refusal.ts';
import {
  conversationList,
  foundView,
  type Message,
  messagePage,
  PAGE_OF_MESSAGES,
  peopleView,
  standingView,
} from '../../api.ts';
import { call } from './call.ts';

/** Asking again helps when there was no answer; a refusal stays one. */
const worthAnotherTry = (failures: number, error: Error) =>
  error instanceof Refusal && (error.status === 0 || error.status >= 500) && failures < 2;

export const queryClient = new QueryClient({
  // The daemon is on this machine: it is reached whether or not there is a network.
  defaultOptions: {
    queries: { retry: worthAnotherTry, staleTime: 5_000, refetchOnWindowFocus: false, networkMode: 'always' },
    mutations: { networkMode: 'always' },
  },
});

export const standingQuery = queryOptions({
  queryKey: ['standing'],
  queryFn: ({ signal }) => call('GET', '/standing', standingView, undefined, signal),
  // Orders begin and end by the clock, without anything being sent.
  refetchInterval: 60_000,
});

export const conversationsQuery = queryOptions({
  queryKey: ['conversations'],
  queryFn: async ({ signal }) =>
    (await call('GET', '/conversations', conversationList, undefined, signal)).conversations,
});

/** The newest page first, each oldest first within it. */
export const messagesQuery = (conversation: string) =>
  infiniteQueryOptions({
    queryKey: ['messages', conversation],
    queryFn: async ({ pageParam, signal }) => {
      const path = `/conversations/${conversation}/messages${pageParam === null ? '' : `?before=${pageParam}`}`;
      return (await call('GET', path, messagePage, undefined, signal)).messages;
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page: readonly Message[]) => (page.length < PAGE_OF_MESSAGES ? null : (page[0]?.id ?? null)),
  });

const textOf = (text: string) => new URLSearchParams({ text }).toString();

export const searchQuery = (text: string) =>
  queryOptions({
    queryKey: ['search', text],
    queryFn: async ({ signal }) =>
      (await call('GET', `/search?${textOf(text)}`, foundView, undefined, signal)).messages,
    placeholderData: (before) => before,
  });

export const peopleQuery = (text: string) =>
  queryOptions({
    queryKey: ['people', text],
    queryFn: async ({ signal }) => (await call('GET', `/people?${textOf(text)}`, peopleView, undefined, signal)).people,
    placeholderData: (before) => before,
  });
