/**
 * Which requests the page's listener hears at all. It is on loopback, where every program and every page of this machine can reach it: a
 * stranger's page under a name that was made to point here (DNS rebinding) says that name; another page says that it is another; another user's
 * program has neither half of a session.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { CordonError } from '../../shared/errors.ts';
import { TOKEN_HEADER } from './api.ts';
import type { PageSession, Sessions } from './sessions.ts';

/** A cookie is of the host and not of the port: two agents of one machine would take each other's. */
export const cookieName = (port: number): string => `cordon_page_${port}`;

export function cookieOf(headers: IncomingHttpHeaders, port: number): string | null {
  for (const part of headers.cookie?.split(';') ?? []) {
    const [name, value] = part.trim().split('=', 2);
    if (name === cookieName(port) && value) return value;
  }
  return null;
}

/** Throws `forbidden`. */
export function requireOwnHost({ host }: IncomingHttpHeaders, port: number): void {
  if (host === `127.0.0.1:${port}` || host === `localhost:${port}`) return;
  throw new CordonError('forbidden', `This page is at http://127.0.0.1:${port} and under no other name.`);
}

/** For everything that is data. Every browser says where a request comes from, also to loopback; what says nothing is no browser. */
export function requireOwnPage(headers: IncomingHttpHeaders): void {
  if (headers['sec-fetch-site'] === 'same-origin') return;
  throw new CordonError('forbidden', 'Only the page itself may ask this; open it by `cordon-agent open`.');
}

/** Throws `not_signed_in`. */
export function requireSession(sessions: Sessions, headers: IncomingHttpHeaders, port: number): PageSession {
  const token = headers[TOKEN_HEADER];
  const session = sessions.of(cookieOf(headers, port), typeof token === 'string' ? token : undefined);
  if (session) return session;
  throw new CordonError('not_signed_in', 'Open this page by a link from `cordon-agent open`.');
}
