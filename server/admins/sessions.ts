/** Sign-in sessions of admins. A session ends after `idle` milliseconds without use. */
import { CordonError } from '../../shared/errors.ts';
import type { AccountId } from '../../shared/protocol/ids.ts';
import type { Account, Owned, Session, SessionStore } from './ports.ts';
import { PROVIDER_ROLES_LAST, withoutStaleRoles } from './provider-roles.ts';
import { sha256 } from './secrets.ts';

/** Minimum interval, in milliseconds, at which the server records the use of a session. */
const USE_RECORDED_EVERY = 30_000;

export function createSessions(ports: {
  readonly sessions: Omit<SessionStore, 'open' | 'authenticated'>;
  readonly account: (id: AccountId) => Promise<Account>;
  readonly changed: () => void;
  readonly idle: number;
  readonly now: () => number;
}) {
  const { sessions, account: requireAccount, changed, idle, now } = ports;

  /** Finds a session by its cookie. Ends a session that was idle for too long, and returns null. */
  async function living(cookie: string) {
    const hash = sha256(cookie);
    const at = now();
    const session = await sessions.session(hash, at);
    if (!session) return null;
    if (at - session.lastUsedAt < idle) {
      return { ...session, account: withoutStaleRoles(session.account, at, PROVIDER_ROLES_LAST.session) };
    }
    await sessions.close(hash);
    return null;
  }

  return {
    /**
     * Finds a session by its cookie and its CSRF token (`page`). Returns the session with the account's current grants. Returns null for an
     * ended session, or if the two secrets do not belong together. `active`: true if an admin caused the request, which then extends the
     * session.
     */
    async session(cookie: string, page: string, { active }: { readonly active: boolean }): Promise<Session | null> {
      const found = await living(cookie);
      if (!found || found.pageHash !== sha256(page)) return null;
      const { pageHash: _, ...session } = found;
      const at = now();
      if (!active || at - session.lastUsedAt < USE_RECORDED_EVERY) return session;
      await sessions.touch(session.id, at);
      return { ...session, lastUsedAt: at };
    },

    /** Finds a session by the cookie alone, for the event stream. The request does not extend the session. */
    async sessionOfCookie(cookie: string): Promise<Session | null> {
      const found = await living(cookie);
      if (!found) return null;
      const { pageHash: _, ...session } = found;
      return session;
    },

    signOut: (token: string): Promise<void> => sessions.close(sha256(token)),

    async sessions(account: AccountId | null): Promise<Owned<Omit<Session, 'account'>>[]> {
      const at = now();
      return (await sessions.sessions(account, at)).filter(({ lastUsedAt }) => at - lastUsedAt < idle);
    },

    /** Ends a session. `account`: the account that must own the session; null for a session of any account. */
    async endSession(account: AccountId | null, id: string): Promise<void> {
      if (await sessions.closeById(account, id)) return;
      throw new CordonError('not_found', `There is no session ${id}. List the sessions again: it may have ended.`);
    },

    async endAccess(id: AccountId): Promise<{ readonly sessions: number; readonly tokens: number }> {
      await requireAccount(id);
      const ended = await sessions.endAccess(id);
      changed();
      return ended;
    },
  };
}
