/** Queries of the device page. Each event of the agent makes all query results stale (`main.tsx`). */
import { infiniteQueryOptions, QueryClient, queryOptions } from '@tanstack/react-query';
import { isRetryable } from '../../../../shared/look/api-client.ts';
import {
  adminMessageList,
  collectionView,
  conversationList,
  filesView,
  foundView,
  lostModeView,
  type Message,
  messagePage,
  messagingStatusView,
  PAGE_OF_MESSAGES,
  passcodeView,
  peopleView,
  policyStatusView,
  powerView,
  updateView,
} from '../../api.ts';
import { call } from './call.ts';

export const queryClient = new QueryClient({
  // Queries work without a network connection, because the agent runs on this machine.
  defaultOptions: {
    queries: { retry: isRetryable, staleTime: 5_000, refetchOnWindowFocus: false, networkMode: 'always' },
    mutations: { networkMode: 'always' },
  },
});

export const messagingStatusQuery = queryOptions({
  queryKey: ['messagingStatus'],
  queryFn: ({ signal }) => call('GET', '/messaging-status', messagingStatusView, undefined, signal),
  // Orders start and end without an event from the agent, so the page also repeats this query periodically.
  refetchInterval: 60_000,
});

export const adminMessagesQuery = queryOptions({
  queryKey: ['admin-messages'],
  queryFn: async ({ signal }) => (await call('GET', '/admin-messages', adminMessageList, undefined, signal)).messages,
});

export const passcodeQuery = queryOptions({
  queryKey: ['passcode'],
  queryFn: ({ signal }) => call('GET', '/passcode', passcodeView, undefined, signal),
});

export const policyQuery = queryOptions({
  queryKey: ['policy'],
  queryFn: ({ signal }) => call('GET', '/policy', policyStatusView, undefined, signal),
});

export const updateQuery = queryOptions({
  queryKey: ['update'],
  queryFn: async ({ signal }) => (await call('GET', '/update', updateView, undefined, signal)).offer,
  // The agent sends no event when an update is offered or starts, so the page also repeats this query periodically.
  refetchInterval: 30_000,
});

export const powerQuery = queryOptions({
  queryKey: ['power'],
  queryFn: async ({ signal }) => (await call('GET', '/power', powerView, undefined, signal)).notice,
  // The agent sends no event when a countdown begins or ends, so the page also repeats this query periodically.
  refetchInterval: 15_000,
});

export const lostModeQuery = queryOptions({
  queryKey: ['lost-mode'],
  queryFn: async ({ signal }) => (await call('GET', '/lost-mode', lostModeView, undefined, signal)).mode,
  // Lost mode may expire without an event from the agent.
  refetchInterval: 60_000,
});

export const privacyQuery = queryOptions({
  queryKey: ['privacy'],
  queryFn: ({ signal }) => call('GET', '/privacy', collectionView, undefined, signal),
});

export const filesQuery = queryOptions({
  queryKey: ['files'],
  queryFn: ({ signal }) => call('GET', '/files', filesView, undefined, signal),
});

export const conversationsQuery = queryOptions({
  queryKey: ['conversations'],
  queryFn: async ({ signal }) =>
    (await call('GET', '/conversations', conversationList, undefined, signal)).conversations,
});

/** Pages of messages, newest page first. Within a page, the oldest message comes first. */
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
