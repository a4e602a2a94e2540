import { redeemed, redemption } from '../../shared/api/accounts.ts';
import {
  browserCookieName,
  sessionCookieName,
  sessionList,
  sessionParams,
  sessionView,
  signIn,
  steppedUp,
  stepUp,
} from '../../shared/api/session.ts';
import { DONE, done } from '../../shared/api/wire.ts';
import type { Admins } from '../admins/admins.ts';
import { BROWSER_LASTS } from '../admins/known-browser.ts';
import type { SignedIn } from '../admins/open-session.ts';
import type { Owned, Session } from '../admins/ports.ts';
import { rightsOf } from '../admins/roles.ts';
import { requireSession } from './require-session.ts';
import { type Caller, Reply, type Route, route } from './route.ts';

export interface SessionPorts {
  readonly admins: Pick<
    Admins,
    | 'signIn'
    | 'stepUp'
    | 'stepUpByPasskey'
    | 'passkeyPending'
    | 'signOut'
    | 'redeemInvitation'
    | 'sessions'
    | 'endSession'
  >;
}

/**
 * `Set-Cookie` header for a new session; null deletes the cookie. The header has the duration of the session, because the machine's clock may
 * differ from the time by which the server counts sessions.
 */
export function sessionCookie(
  value: string,
  session: { readonly createdAt: number; readonly expiresAt: number } | null,
  secure: boolean,
): string {
  const seconds = session === null ? 0 : Math.floor((session.expiresAt - session.createdAt) / 1000);
  const name = sessionCookieName(secure);
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure ? '; Secure' : ''}`;
}

function browserCookie(value: string, secure: boolean): string {
  const name = browserCookieName(secure);
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${BROWSER_LASTS / 1000}${secure ? '; Secure' : ''}`;
}

/**
 * View of a session for the API. `csrf`: the page's CSRF token in the response to a sign-in. `pending`: whether the account must first
 * register a passkey.
 */
export const viewOf = (
  { account, via, session }: Caller,
  { csrf = null, pending = false }: { readonly csrf?: string | null; readonly pending?: boolean } = {},
) => ({
  account,
  passkeyPending: pending,
  via,
  csrf,
  expiresAt: session?.expiresAt ?? null,
  authenticatedAt: session?.authenticatedAt ?? null,
  rights: rightsOf(account.grants),
});

/** Response to a sign-in, with the cookies of the new session. */
export function signedInReply(
  { token, browser, csrf, session }: SignedIn,
  { secure, pending }: { readonly secure: boolean; readonly pending: boolean },
  cookies: readonly string[] = [],
) {
  const all = [sessionCookie(token, session, secure), browserCookie(browser, secure), ...cookies];
  const caller: Caller = { account: session.account, via: 'session', session, destructive: false };
  return new Reply(viewOf(caller, { csrf, pending }), { headers: { 'Set-Cookie': all } });
}

export const openSessionView = (session: Owned<Omit<Session, 'account'>>, current: Session | null) => ({
  ...session,
  current: session.id === current?.id,
});

export function sessionRoutes({ admins }: SessionPorts): Route[] {
  return [
    route({
      name: 'session.create',
      method: 'post',
      path: '/session',
      summary: 'Sign in with password and authenticator code, or with password and recovery code',
      body: signIn,
      response: sessionView,
      async handler({ body, address, userAgent, secure, cookie: replaces, browser }) {
        const { totp, recoveryCode, ...rest } = body;
        const signedIn = await admins.signIn({ ...rest, totp, recoveryCode, address, userAgent, replaces, browser });
        return signedInReply(signedIn, { secure, pending: await admins.passkeyPending(signedIn.session.account) });
      },
    }),
    route({
      name: 'session.show',
      method: 'get',
      path: '/session',
      summary: "Show the caller's account and grants",
      response: sessionView,
      handler: async ({ caller }) =>
        viewOf(caller, { pending: caller.via === 'session' && (await admins.passkeyPending(caller.account)) }),
    }),
    route({
      name: 'session.step-up',
      method: 'post',
      path: '/session/step-up',
      summary: 'Confirm your identity by passkey or code, which allows grave actions for ten minutes',
      body: stepUp,
      response: steppedUp,
      async handler({ body, caller, cookie }) {
        const session = requireSession(caller, cookie);
        const { account } = caller;
        const authenticatedAt =
          'totp' in body
            ? await admins.stepUp({ account, totp: body.totp, token: session })
            : await admins.stepUpByPasskey({ account, session, ...body });
        return { authenticatedAt };
      },
    }),
    route({
      name: 'session.delete',
      method: 'delete',
      path: '/session',
      summary: 'Sign out',
      response: done,
      async handler({ caller, cookie: token, secure }) {
        if (caller.via === 'session' && token !== null) await admins.signOut(token);
        return new Reply(DONE, { headers: { 'Set-Cookie': sessionCookie('', null, secure) } });
      },
    }),
    route({
      name: 'sessions.list',
      method: 'get',
      path: '/sessions',
      summary: 'List your sessions, newest first',
      response: sessionList,
      handler: async ({ caller }) => ({
        sessions: (await admins.sessions(caller.account.id)).map((each) => openSessionView(each, caller.session)),
      }),
    }),
    route({
      name: 'sessions.delete',
      method: 'delete',
      path: '/sessions/:id',
      summary: 'End one of your sessions',
      params: sessionParams,
      response: done,
      async handler({ params, caller }) {
        await admins.endSession(caller.account.id, params.id);
        return DONE;
      },
    }),
    route({
      name: 'invitations.redeem',
      method: 'post',
      path: '/invitations/redeem',
      summary: 'Set a password and get the authenticator secret, once',
      body: redemption,
      response: redeemed,
      handler: ({ body, address }) => admins.redeemInvitation({ ...body, email: body.email, name: body.name, address }),
    }),
  ];
}
