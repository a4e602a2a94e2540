/**
 * Who sends a request: a bearer token, or a session cookie. A cookie alone proves nothing about who made the browser send it, so with one
 * (1) a request that the browser says comes from another site is refused, and (2) whatever changes something must repeat the session's
 * CSRF token in `X-Cordon-CSRF`, which no other site can read or set. SameSite=Strict is the third layer and not relied upon.
 */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { CSRF_HEADER, SESSION_COOKIE } from '../../shared/api/session.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Admins } from '../admins/admins.ts';
import type { Caller } from './route.ts';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

export function cookieOf(headers: IncomingHttpHeaders): string | null {
  for (const part of headers.cookie?.split(';') ?? []) {
    const [name, value] = part.trim().split('=', 2);
    if (name === SESSION_COOKIE && value) return value;
  }
  return null;
}

/** Also for routes that take no session: nobody else's page may sign a browser in (login CSRF). */
export function refuseOtherSites(headers: IncomingHttpHeaders): void {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return;
  throw new CordonError('forbidden', 'This request comes from another site; open the console at its own address.');
}

/** Null when the request carries neither; throws `not_signed_in` when what it carries is worth nothing. */
export async function authenticate(
  admins: Pick<Admins, 'session' | 'tokenAccount'>,
  method: string,
  headers: IncomingHttpHeaders,
): Promise<Caller | null> {
  const { authorization } = headers;
  if (authorization !== undefined) {
    const token = /^Bearer (cordon_[A-Za-z0-9_-]{43})$/.exec(authorization)?.[1];
    const found = token === undefined ? null : await admins.tokenAccount(token);
    if (!found) throw new CordonError('not_signed_in', 'The token is unknown or expired; make another one.');
    const { account, destructive } = found;
    return { account, via: 'token', csrf: null, expiresAt: null, authenticatedAt: null, destructive };
  }
  const cookie = cookieOf(headers);
  if (cookie === null) return null;
  const session = await admins.session(cookie);
  if (!session) throw new CordonError('not_signed_in', 'The session has ended; sign in again.');
  if (!SAFE.has(method) && !sameText(headers[CSRF_HEADER], session.csrf)) {
    throw new CordonError('forbidden', "The header X-Cordon-CSRF must repeat the session's csrf value.");
  }
  return { ...session, via: 'session', destructive: false };
}

function sameText(given: string | string[] | undefined, wanted: string): boolean {
  const [a, b] = [Buffer.from(typeof given === 'string' ? given : ''), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
