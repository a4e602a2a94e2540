/** Queries about mail. Each event of the agent makes all query results stale (`main.tsx`). */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import {
  draftView,
  foundMails,
  type MailFolder,
  type MailItem,
  mailPage,
  mailProgramsView,
  mailStatusView,
  mailView,
  PAGE_OF_MAILS,
} from '../../mail-api.ts';
import { call } from '../client/call.ts';

export const mailStatusQuery = queryOptions({
  queryKey: ['mail-status'],
  queryFn: ({ signal }) => call('GET', '/mail/status', mailStatusView, undefined, signal),
  // Orders start and end without an event from the agent, so the page also repeats this query periodically.
  refetchInterval: 60_000,
});

export const folderQuery = (folder: MailFolder) =>
  infiniteQueryOptions({
    queryKey: ['mail-folder', folder],
    queryFn: async ({ pageParam, signal }) => {
      const before = pageParam === null ? '' : `?before=${pageParam}`;
      return (await call('GET', `/mail/folders/${folder}${before}`, mailPage, undefined, signal)).mails;
    },
    initialPageParam: null as number | null,
    getNextPageParam: (page: readonly MailItem[]) =>
      page.length < PAGE_OF_MAILS ? null : (page.at(-1)?.number ?? null),
  });

export const mailQuery = (id: string) =>
  queryOptions({
    queryKey: ['mail', id],
    queryFn: ({ signal }) => call('GET', `/mail/mails/${id}`, mailView, undefined, signal),
  });

/** Query for one draft. No event makes it stale, because a reload would overwrite the text that the user is writing. */
export const draftQuery = (id: string) =>
  queryOptions({
    queryKey: ['mail-draft', id],
    queryFn: ({ signal }) => call('GET', `/mail/drafts/${id}`, draftView, undefined, signal),
  });

export const mailSearchQuery = (text: string) =>
  queryOptions({
    queryKey: ['mail-search', text],
    queryFn: ({ signal }) =>
      call('GET', `/mail/search?${new URLSearchParams({ text })}`, foundMails, undefined, signal),
    placeholderData: (before) => before,
  });

export const mailProgramsQuery = queryOptions({
  queryKey: ['mail-programs'],
  queryFn: ({ signal }) => call('GET', '/mail/programs', mailProgramsView, undefined, signal),
});
