/**
 * Access checks of the page's listener. Every program and page on this machine can reach loopback: DNS rebinding shows in the Host header,
 * another page in Sec-Fetch-Site, another user's program lacks the session.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { CordonError } from '../../shared/errors.ts';
import { TOKEN_HEADER } from './api.ts';
import type { PageSession, Sessions } from './sessions.ts';

/** A cookie belongs to the host and not to the port, so two agents on one machine need different names. */
export const cookieName = (port: number): string => `cordon_page_${port}`;

export function cookieOf(headers: IncomingHttpHeaders, port: number): string | null {
  for (const part of headers.cookie?.split(';') ?? []) {
    const [name, value] = part.trim().split('=', 2);
    if (name === cookieName(port) && value) return value;
  }
  return null;
}

/** Throws `forbidden` for the host name of another site (DNS rebinding). */
export function requireOwnHost({ host }: IncomingHttpHeaders, port: number): void {
  if (host === `127.0.0.1:${port}` || host === `localhost:${port}`) return;
  throw new CordonError(
    'forbidden',
    `This page is available only at http://127.0.0.1:${port}. Open it with “cordon-agent open”.`,
  );
}

/** Check for all data. Browsers send this header also to loopback; a request without it does not come from a browser. */
export function requireOwnPage(headers: IncomingHttpHeaders): void {
  if (headers['sec-fetch-site'] === 'same-origin') return;
  throw new CordonError(
    'forbidden',
    'The request did not come from the device page, so the agent refused it. Open the page with “cordon-agent open”.',
  );
}

/** Throws `not_signed_in` without a session. */
export function requireSession(sessions: Sessions, headers: IncomingHttpHeaders, port: number): PageSession {
  const token = headers[TOKEN_HEADER];
  const session = sessions.of(cookieOf(headers, port), typeof token === 'string' ? token : undefined);
  if (session) return session;
  throw new CordonError('not_signed_in', 'The page has no session. Open it with a link from “cordon-agent open”.');
}
