import type { Router } from 'express';
import { DONE, done } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import { sessionView, ticketBody } from './api.ts';
import type { Changes } from './changes.ts';
import { cookieName, cookieOf, requireSession } from './guard.ts';
import { json, read, respond } from './route.ts';
import type { Sessions } from './sessions.ts';

/**
 * Adds the routes for sessions of the device page (the agent's web page) and for the event stream. All routes that are added afterward
 * require a session.
 */
export function addSessionRoutes(
  api: Router,
  {
    port,
    sessions,
    changes,
    onUse,
  }: {
    readonly port: number;
    readonly sessions: Sessions;
    readonly changes: Changes;
    /** Called after each input of the user. */
    readonly onUse: () => void;
  },
): void {
  api.post(
    '/session',
    json,
    respond(sessionView, (request, response) => {
      const { ticket } = read(ticketBody, request.body);
      const { cookie, token } = sessions.exchange(ticket, Date.now());
      response.cookie(cookieName(port), cookie, { httpOnly: true, sameSite: 'strict', path: '/' });
      return { token };
    }),
  );
  api.use((_request, _response, next) => {
    sessions.endIdle(Date.now());
    next();
  });
  // A page cannot add a header to the request for an event stream, so the cookie is sufficient here. The stream reveals only that data
  // changed.
  api.get('/events', async (request, response) => {
    const session = sessions.ofCookie(cookieOf(request.headers, port));
    if (!session)
      throw new CordonError('not_signed_in', 'The page has no session. Open it with a link from “cordon-agent open”.');
    await changes.hold(session, request, response);
  });
  api.use((request, _response, next) => {
    requireSession(sessions, request.headers, port);
    next();
  });
  api.post(
    '/session/use',
    respond(done, (request) => {
      sessions.use(cookieOf(request.headers, port), Date.now());
      onUse();
      return DONE;
    }),
  );
  api.delete(
    '/session',
    respond(done, (request, response) => {
      sessions.end(cookieOf(request.headers, port));
      response.clearCookie(cookieName(port), { httpOnly: true, sameSite: 'strict', path: '/' });
      return DONE;
    }),
  );
}
