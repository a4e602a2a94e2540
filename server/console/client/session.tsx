/** Signed-in account and its rights. The server enforces the rights; the console only hides actions that the server would refuse. */
import { type QueryFilters, useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, use, useEffect, useRef } from 'react';
import type { z } from 'zod';
import { sessionView } from '../../../shared/api/session.ts';
import { done } from '../../../shared/api/wire.ts';
import { ApiError } from '../../../shared/look/api-error.ts';
import { call, storeCsrf } from './call.ts';

export type Session = z.output<typeof sessionView>;

export const SESSION_KEY = ['session'] as const;

async function readSession(): Promise<Session | null> {
  try {
    return await call('GET', '/session', sessionView);
  } catch (error) {
    if (error instanceof ApiError && error.code === 'not_signed_in') return null;
    throw error;
  }
}

/** Signed-in account; undefined while the request runs, null if nobody is signed in. */
export function useSessionQuery() {
  return useQuery({ queryKey: SESSION_KEY, queryFn: readSession, staleTime: 60_000, refetchInterval: 60_000 });
}

const SessionContext = createContext<Session | null>(null);

const notSession: QueryFilters = { predicate: ({ queryKey }) => queryKey[0] !== SESSION_KEY[0] };

export function SessionProvider({ session, children }: { readonly session: Session; readonly children: ReactNode }) {
  const client = useQueryClient();
  const rights = session.rights.join();
  const before = useRef(rights);
  // If the rights of the account change, the console discards all cached responses and requests them again.
  useEffect(() => {
    if (before.current !== rights) void client.resetQueries(notSession);
    before.current = rights;
  }, [client, rights]);
  return <SessionContext value={session}>{children}</SessionContext>;
}

export function useSession(): Session {
  const session = use(SessionContext);
  if (session === null) throw new Error('no session');
  return session;
}

/**
 * Returns a function that says whether the account has a right such as `orders.propose`. The function also returns true for a right that is
 * limited to some groups or areas.
 */
export function useMay(): (right: string) => boolean {
  const { rights } = useSession();
  return (right) => rights.includes(right);
}

export function useSignOut(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await call('DELETE', '/session', done);
    storeCsrf(null);
    // Do not use `client.clear` here, because it does not update components that display the session.
    client.setQueryData(SESSION_KEY, null);
    client.removeQueries(notSession);
    client.getMutationCache().clear();
  };
}
