/** Signing in and out, and redeeming invitations. */
import { redeemed, redemption } from '../../shared/api/accounts.ts';
import { SESSION_COOKIE, sessionView, signIn, steppedUp, stepUp } from '../../shared/api/session.ts';
import { DONE, done } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Admins } from '../admins/admins.ts';
import { rightsOf } from '../admins/roles.ts';
import { Reply, type Route, route } from './route.ts';

export interface SessionPorts {
  readonly admins: Pick<Admins, 'signIn' | 'stepUp' | 'signOut' | 'redeemInvitation'>;
  /** The admin listener speaks HTTPS: the cookie may then never go over anything else. */
  readonly secure: boolean;
}

/** `expiresAt`: real time, like every session's. */
export function sessionCookie(value: string, expiresAt: number, secure: boolean): string {
  const seconds = Math.max(0, Math.floor((expiresAt - Date.now()) / 1000));
  return `${SESSION_COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure ? '; Secure' : ''}`;
}

export function sessionRoutes({ admins, secure }: SessionPorts): Route[] {
  return [
    route({
      name: 'session.create',
      method: 'post',
      path: '/session',
      summary: 'Sign in with password and code',
      body: signIn,
      response: sessionView,
      async handler({ body, address, cookie: replaces }) {
        const { token, session } = await admins.signIn({ ...body, totp: body.totp, address, replaces });
        const cookie = sessionCookie(token, session.expiresAt, secure);
        const view = { ...session, via: 'session' as const, rights: rightsOf(session.account.grants) };
        return new Reply(view, { headers: { 'Set-Cookie': cookie } });
      },
    }),
    route({
      name: 'session.show',
      method: 'get',
      path: '/session',
      summary: 'Who one is, with the grants of this moment',
      response: sessionView,
      handler: async ({ caller }) => ({ ...caller, rights: rightsOf(caller.account.grants) }),
    }),
    route({
      name: 'session.step-up',
      method: 'post',
      path: '/session/step-up',
      summary: 'Give a new authenticator code; for ten minutes the session may then perform grave actions',
      body: stepUp,
      response: steppedUp,
      async handler({ body, caller: { account, via }, cookie: token, address }) {
        if (via !== 'session' || token === null) {
          throw new CordonError('step_up_required', 'A token cannot give a code. Sign in with password and code.');
        }
        return { authenticatedAt: await admins.stepUp({ account, totp: body.totp, token, address }) };
      },
    }),
    route({
      name: 'session.delete',
      method: 'delete',
      path: '/session',
      summary: 'Sign out',
      response: done,
      async handler({ caller, cookie: token }) {
        if (caller.via === 'session' && token !== null) await admins.signOut(token);
        return new Reply(DONE, { headers: { 'Set-Cookie': sessionCookie('', 0, secure) } });
      },
    }),
    route({
      name: 'invitations.redeem',
      method: 'post',
      path: '/invitations/redeem',
      summary: 'Set a password and get the secret for an authenticator app, once',
      body: redemption,
      response: redeemed,
      handler: ({ body, address }) => admins.redeemInvitation({ ...body, email: body.email, name: body.name, address }),
    }),
  ];
}
