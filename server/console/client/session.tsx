/** Who is signed in, and what they may do. The server's table of rights decides; the console only hides what it would refuse. */
import { type QueryFilters, useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, use, useEffect, useRef } from 'react';
import type { z } from 'zod';
import { sessionView } from '../../../shared/api/session.ts';
import { done } from '../../../shared/api/wire.ts';
import { Refusal } from '../../../shared/look/refusal.ts';
import { call, keepCsrf } from './call.ts';

export type Session = z.output<typeof sessionView>;

export const SESSION_KEY = ['session'] as const;

async function readSession(): Promise<Session | null> {
  try {
    return await call('GET', '/session', sessionView);
  } catch (error) {
    if (error instanceof Refusal && error.code === 'not_signed_in') return null;
    throw error;
  }
}

/** Undefined while it is being asked; null when nobody is signed in. */
export function useSessionQuery() {
  return useQuery({ queryKey: SESSION_KEY, queryFn: readSession, staleTime: 60_000, refetchInterval: 60_000 });
}

const SessionContext = createContext<Session | null>(null);

const notSession: QueryFilters = { predicate: ({ queryKey }) => queryKey[0] !== SESSION_KEY[0] };

export function SessionProvider({ session, children }: { readonly session: Session; readonly children: ReactNode }) {
  const client = useQueryClient();
  const rights = session.rights.join();
  const before = useRef(rights);
  // What was answered under other rights is put away, and asked for again.
  useEffect(() => {
    if (before.current !== rights) void client.resetQueries(notSession);
    before.current = rights;
  }, [client, rights]);
  return <SessionContext value={session}>{children}</SessionContext>;
}

/** Only below the sign-in. */
export function useSession(): Session {
  const session = use(SessionContext);
  if (session === null) throw new Error('nobody is signed in');
  return session;
}

/** `may('orders.propose')`: some of it, perhaps for some groups or areas only; the server says which. */
export function useMay(): (right: string) => boolean {
  const { rights } = useSession();
  return (right) => rights.includes(right);
}

export function useSignOut(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await call('DELETE', '/session', done);
    keepCsrf(null);
    // Not "clear": the gate would go on looking at the question that it had asked.
    client.setQueryData(SESSION_KEY, null);
    client.removeQueries(notSession);
    client.getMutationCache().clear();
  };
}
