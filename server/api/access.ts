import { accountParams } from '../../shared/api/accounts.ts';
import { accessView, endedAccess, sessionParams, tokenParams } from '../../shared/api/session.ts';
import { DONE, done } from '../../shared/api/wire.ts';
import type { Admins } from '../admins/admins.ts';
import { type Route, route } from './route.ts';
import { openSessionView } from './session.ts';

export type AccessPort = Pick<Admins, 'sessions' | 'endSession' | 'tokens' | 'deleteToken' | 'endAccess'>;

export function accessRoutes(admins: AccessPort): Route[] {
  return [
    route({
      name: 'access.list',
      method: 'get',
      path: '/access',
      summary: 'List sessions and tokens of all accounts',
      response: accessView,
      async handler({ caller }) {
        const [sessions, tokens] = await Promise.all([admins.sessions(null), admins.tokens(null)]);
        return { sessions: sessions.map((each) => openSessionView(each, caller.session)), tokens };
      },
    }),
    route({
      name: 'access.end-session',
      method: 'delete',
      path: '/access/sessions/:id',
      summary: 'End a session of any account',
      params: sessionParams,
      response: done,
      async handler({ params }) {
        await admins.endSession(null, params.id);
        return DONE;
      },
    }),
    route({
      name: 'access.end-token',
      method: 'delete',
      path: '/access/tokens/:id',
      summary: 'Delete a token of any account',
      params: tokenParams,
      response: done,
      async handler({ params }) {
        await admins.deleteToken(null, params.id);
        return DONE;
      },
    }),
    route({
      name: 'access.end-account',
      method: 'delete',
      path: '/accounts/:id/access',
      summary: 'End all sessions and tokens of an account',
      params: accountParams,
      response: endedAccess,
      handler: ({ params }) => admins.endAccess(params.id),
    }),
  ];
}
