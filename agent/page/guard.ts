/**
 * Access checks of the device page's listener, because every program and web page on this machine can reach loopback. The Host header
 * reveals DNS rebinding. The header Sec-Fetch-Site reveals a request from a foreign web page. Other users of the machine have no session.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { CordonError } from '../../shared/errors.ts';
import { TOKEN_HEADER } from './api.ts';
import type { PageSession, Sessions } from './sessions.ts';

/** Name of the session cookie. A cookie belongs to a host and not to a port, so two agents on one machine need different names. */
export const cookieName = (port: number): string => `cordon_page_${port}`;

export function cookieOf(headers: IncomingHttpHeaders, port: number): string | null {
  for (const part of headers.cookie?.split(';') ?? []) {
    const [name, value] = part.trim().split('=', 2);
    if (name === cookieName(port) && value) return value;
  }
  return null;
}

/** Throws `forbidden` if the Host header does not name loopback, because such a request is DNS rebinding. */
export function requireOwnHost({ host }: IncomingHttpHeaders, port: number): void {
  if (host === `127.0.0.1:${port}` || host === `localhost:${port}`) return;
  throw new CordonError(
    'forbidden',
    `This page is available only at http://127.0.0.1:${port}. Open it with “cordon-agent open”.`,
  );
}

/** Browsers send the header Sec-Fetch-Site also to loopback. A request without this header does not come from a browser. */
export function requireOwnPage(headers: IncomingHttpHeaders): void {
  if (headers['sec-fetch-site'] === 'same-origin') return;
  throw new CordonError(
    'forbidden',
    'The request did not come from the device page, so the agent refused it. Open the page with “cordon-agent open”.',
  );
}

export function requireSession(sessions: Sessions, headers: IncomingHttpHeaders, port: number): PageSession {
  const token = headers[TOKEN_HEADER];
  const session = sessions.of(cookieOf(headers, port), typeof token === 'string' ? token : undefined);
  if (session) return session;
  throw new CordonError('not_signed_in', 'The page has no session. Open it with a link from “cordon-agent open”.');
}
