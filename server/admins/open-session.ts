/** Sessions that a sign-in opens, whatever credentials it used. */
import { randomBase32 } from '../../shared/protocol/ids.ts';
import { rememberBrowser } from './known-browser.ts';
import type { Account, Sealer, Session, SessionStore } from './ports.ts';
import { PROVIDER_ROLES_LAST, SESSION_LASTS, withoutStaleRoles } from './provider-roles.ts';
import { newSecret, sha256 } from './secrets.ts';

const LONGEST_USER_AGENT = 200;

/**
 * Two secrets of a new session: the cookie and the page's CSRF token. A browser sends the cookie to every port of the host, so another
 * program on the host could read it. Only the page has the CSRF token.
 */
export interface OpenedSession {
  readonly token: string;
  readonly csrf: string;
  readonly session: Session;
}

/**
 * Opens a session with new secrets, so that a person who knew an earlier cookie cannot use the session. `replaces`: cookie of the browser's
 * earlier session, which ends. `authenticatedAt`: time at which the person last entered credentials.
 */
export async function openSession(
  sessions: Pick<SessionStore, 'open'>,
  request: {
    readonly account: Account;
    readonly address: string;
    readonly userAgent?: string | undefined;
    readonly replaces: string | null;
    readonly authenticatedAt: number;
    readonly byRecoveryCode?: boolean | undefined;
  },
  at: number,
): Promise<OpenedSession> {
  const { account, address, userAgent, replaces, authenticatedAt, byRecoveryCode = false } = request;
  const [token, csrf] = [newSecret(), newSecret()];
  const opened = {
    id: `ses_${randomBase32(10)}`,
    createdAt: at,
    authenticatedAt,
    expiresAt: at + SESSION_LASTS,
    address,
    userAgent: (userAgent ?? '').slice(0, LONGEST_USER_AGENT),
    byRecoveryCode,
  };
  await sessions.open(
    { ...opened, account: account.id, hash: sha256(token), pageHash: sha256(csrf) },
    replaces === null ? null : sha256(replaces),
  );
  const current = withoutStaleRoles(account, at, PROVIDER_ROLES_LAST.session);
  return { token, csrf, session: { ...opened, account: current, lastUsedAt: at } };
}

/** New session of a browser. `browser`: value of the cookie that marks the browser as known. */
export interface SignedIn extends OpenedSession {
  readonly browser: string;
}

/** Browser from which the person signs in. `replaces`: cookie of its earlier session; null without one. */
export interface SignInOrigin {
  readonly address: string;
  readonly userAgent?: string | undefined;
  readonly replaces: string | null;
}

/** Opens a session, and marks the browser as known to the account. */
export async function openBrowserSession(
  ports: { readonly sessions: Pick<SessionStore, 'open'>; readonly browserSealer: Sealer; readonly now: () => number },
  found: { readonly account: Account; readonly passwordHash: string; readonly byRecoveryCode?: boolean },
  { address, userAgent, replaces }: SignInOrigin,
): Promise<SignedIn> {
  const at = ports.now();
  const { account, passwordHash, byRecoveryCode } = found;
  const browser = rememberBrowser(ports.browserSealer, { account: account.id, passwordHash }, at);
  const request = { account, address, userAgent, replaces, authenticatedAt: at, byRecoveryCode };
  return { ...(await openSession(ports.sessions, request, at)), browser };
}
