/**
 * Authentication of a request, by bearer token or by session. A session has two secrets: the cookie, and the page's CSRF token in the
 * header `X-Cordon-CSRF`. The cookie alone is not enough: another port of `localhost` may read the cookie, and another site may cause a
 * request with the cookie.
 *
 * The event stream needs only the cookie, because EventSource cannot send headers; its events contain only topics.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { challengeCookieName } from '../../shared/api/passkeys.ts';
import { providerCookieName } from '../../shared/api/provider.ts';
import { BACKGROUND_HEADER, browserCookieName, CSRF_HEADER, sessionCookieName } from '../../shared/api/session.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Admins } from '../admins/admins.ts';
import type { RouteName } from '../admins/rights.ts';
import type { Caller } from './route.ts';

/** Session cookie of a request. Over HTTPS (`secure`), the server accepts only the cookie with the prefix `__Host-`. */
export const cookieOf = (headers: IncomingHttpHeaders, secure: boolean): string | null =>
  cookieNamed(headers, sessionCookieName(secure));

export const browserOf = (headers: IncomingHttpHeaders, secure: boolean): string | null =>
  cookieNamed(headers, browserCookieName(secure));

/** Cookie of an unfinished sign-in with the identity provider. */
export const pendingSignInOf = (headers: IncomingHttpHeaders, secure: boolean): string | null =>
  cookieNamed(headers, providerCookieName(secure));
export const challengeOf = (headers: IncomingHttpHeaders, secure: boolean): string | null =>
  cookieNamed(headers, challengeCookieName(secure));

/** Routes that an account without the required passkey may use: its own sign-in, and the registration of a passkey. */
const BEFORE_PASSKEY = /^(session|sessions|passkeys|recovery-codes|events)\./;

/** Throws `passkey_required` if the account of the session must first register a passkey. */
export async function requirePasskey(
  admins: Pick<Admins, 'passkeyPending'>,
  { via, account }: Caller,
  name: RouteName,
): Promise<void> {
  if (via !== 'session' || BEFORE_PASSKEY.test(name) || !(await admins.passkeyPending(account))) return;
  throw new CordonError(
    'passkey_required',
    'This installation requires passkeys, and you have none. Open the console and add a passkey.',
  );
}

function cookieNamed(headers: IncomingHttpHeaders, wanted: string): string | null {
  for (const part of headers.cookie?.split(';') ?? []) {
    const [name, value] = part.trim().split('=', 2);
    if (name === wanted && value) return value;
  }
  return null;
}

/** Throws `forbidden` for a request that another site caused. This check also protects the sign-in route against login CSRF. */
export function refuseOtherSites(headers: IncomingHttpHeaders): void {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return;
  throw new CordonError('forbidden', 'The request comes from another site. Open the console at its own address.');
}

export interface RequestFacts {
  readonly headers: IncomingHttpHeaders;
  readonly address: string;
  readonly secure: boolean;
  /**
   * True if the session cookie is enough without the CSRF header. Only the event stream uses this option, because a browser sends no custom
   * headers when it opens an event stream.
   */
  readonly cookieSuffices: boolean;
}

/** Authenticated caller; null without credentials. Throws `not_signed_in` for invalid credentials. */
export async function authenticate(
  admins: Pick<Admins, 'session' | 'sessionOfCookie' | 'tokenAccount'>,
  { headers, address, secure, cookieSuffices }: RequestFacts,
): Promise<Caller | null> {
  const { authorization } = headers;
  if (authorization !== undefined) {
    const token = /^Bearer (cordon_[A-Za-z0-9_-]{43})$/.exec(authorization)?.[1];
    const found = token === undefined ? null : await admins.tokenAccount(token, address);
    if (!found) throw new CordonError('not_signed_in', 'The token is unknown or expired. Create another one.');
    return { ...found, via: 'token', session: null };
  }
  const cookie = cookieOf(headers, secure);
  if (cookie === null) return null;
  const page = headers[CSRF_HEADER];
  if (typeof page !== 'string' && !cookieSuffices) {
    const detail = 'The request has the session cookie but not the X-Cordon-CSRF header. Sign in again on this page.';
    throw new CordonError('not_signed_in', detail);
  }
  const active = headers[BACKGROUND_HEADER] === undefined && !cookieSuffices;
  const session =
    typeof page === 'string' ? await admins.session(cookie, page, { active }) : await admins.sessionOfCookie(cookie);
  if (!session) throw new CordonError('not_signed_in', 'The session has ended. Sign in again.');
  return { account: session.account, via: 'session', session, destructive: false };
}
