/** Routes for sign-in with an identity provider. */
import {
  providerCookieName,
  providerRedirect,
  providerResponse,
  providerResult,
  providerView,
} from '../../shared/api/provider.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Admins } from '../admins/admins.ts';
import { PENDING_LASTS } from '../admins/pending-sign-ins.ts';
import type { Session } from '../admins/ports.ts';
import { type Caller, Reply, type Route, route } from './route.ts';
import { sessionCookie, viewOf } from './session.ts';

export interface ProviderPorts {
  readonly admins: Pick<Admins, 'provider' | 'passkeyPending'>;
  /** Origin of the console, which the redirect URI contains. */
  readonly consoleOrigin: () => string;
}

const providerCookie = (value: string, seconds: number, secure: boolean): string =>
  `${providerCookieName(secure)}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure ? '; Secure' : ''}`;

const redirection = ({ url, cookie }: { readonly url: string; readonly cookie: string }, secure: boolean) =>
  new Reply({ url }, { headers: { 'Set-Cookie': providerCookie(cookie, PENDING_LASTS / 1000, secure) } });

function sessionOf({ session }: Caller): Session {
  if (session) return session;
  throw new CordonError('step_up_required', 'A token cannot sign in with the identity provider. Use the console.');
}

export function providerRoutes({ admins, consoleOrigin }: ProviderPorts): Route[] {
  const provider = () => {
    if (admins.provider) return admins.provider;
    throw new CordonError('not_found', 'This installation has no identity provider. Sign in with password and code.');
  };
  return [
    route({
      name: 'provider.show',
      method: 'get',
      path: '/session/provider',
      summary: 'Show the identity provider for sign-in',
      response: providerView,
      async handler() {
        if (!admins.provider) return { provider: null };
        const { rules, signOutUrl } = admins.provider;
        const { name, onlyProvider: only } = rules;
        return { provider: { name, only, origin: consoleOrigin(), signOutUrl: signOutUrl() } };
      },
    }),
    route({
      name: 'provider.begin',
      method: 'post',
      path: '/session/provider',
      summary: 'Begin a sign-in with the identity provider',
      response: providerRedirect,
      handler: async ({ address, secure }) => redirection(await provider().begin(address), secure),
    }),
    route({
      name: 'provider.step-up',
      method: 'post',
      path: '/session/provider/step-up',
      summary: 'Begin a confirmation of your identity at the identity provider',
      response: providerRedirect,
      handler: async ({ address, secure, caller }) =>
        redirection(await provider().beginInSession('step-up', address, sessionOf(caller)), secure),
    }),
    route({
      name: 'provider.link',
      method: 'post',
      path: '/session/provider/link',
      summary: 'Begin to link your account to the identity provider',
      response: providerRedirect,
      handler: async ({ address, secure, caller }) =>
        redirection(await provider().beginInSession('link', address, sessionOf(caller)), secure),
    }),
    route({
      name: 'provider.finish',
      method: 'post',
      path: '/session/provider/response',
      summary: 'Complete a sign-in, a confirmation or a link with the response of the identity provider',
      body: providerResponse,
      response: providerResult,
      async handler({ body, address, userAgent, secure, cookie, pendingSignIn, callerNow }) {
        const session = async () => sessionOf(await callerNow());
        const browser = { address, userAgent, replaces: cookie, cookie: pendingSignIn, session };
        const result = await provider().finish(body.response, browser);
        const spent = providerCookie('', 0, secure);
        if (result.purpose !== 'sign-in') {
          const authenticatedAt = result.purpose === 'step-up' ? result.authenticatedAt : null;
          return new Reply(
            { purpose: result.purpose, session: null, authenticatedAt },
            { headers: { 'Set-Cookie': spent } },
          );
        }
        const { token, csrf, session: opened } = result.signedIn;
        const caller = { account: opened.account, via: 'session' as const, session: opened, destructive: false };
        const pending = await admins.passkeyPending(opened.account);
        return new Reply(
          { purpose: result.purpose, session: viewOf(caller, { csrf, pending }), authenticatedAt: null },
          { headers: { 'Set-Cookie': [sessionCookie(token, opened, secure), spent] } },
        );
      },
    }),
  ];
}
