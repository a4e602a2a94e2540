/** Routes with which the command line signs in through a browser (RFC 8628). */
import {
  begunCliSignIn,
  cliSignInCode,
  cliSignInResult,
  cliSignInSecret,
  cliSignInView,
  newCliSignIn,
} from '../../shared/api/cli-sign-in.ts';
import { DONE, done } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Admins } from '../admins/admins.ts';
import type { Session } from '../admins/ports.ts';
import { type Caller, Reply, type Route, route } from './route.ts';
import { sessionCookie, viewOf } from './session.ts';

export interface CliSignInPorts {
  readonly admins: Pick<Admins, 'cliSignIn' | 'passkeyPending'>;
}

function sessionOf({ session }: Caller): Session {
  if (session) return session;
  throw new CordonError('forbidden', 'A token cannot allow a sign-in. Open the console.');
}

export function cliSignInRoutes({ admins }: CliSignInPorts): Route[] {
  const { cliSignIn } = admins;
  return [
    route({
      name: 'cli-sign-in.begin',
      method: 'post',
      path: '/session/cli',
      summary: 'Begin a sign-in of the command line that a person confirms in the console',
      body: newCliSignIn,
      response: begunCliSignIn,
      statuses: [201],
      handler: async ({ body, address }) => new Reply(await cliSignIn.begin(body.host, address), { status: 201 }),
    }),
    route({
      name: 'cli-sign-in.finish',
      method: 'post',
      path: '/session/cli/result',
      summary: 'Get the session after the confirmation, once',
      body: cliSignInSecret,
      response: cliSignInResult,
      async handler({ body, address, userAgent, secure }) {
        const opened = await cliSignIn.finish(body.secret, { address, userAgent });
        if (!opened) return { session: null };
        const { token, csrf, session } = opened;
        const caller: Caller = { account: session.account, via: 'session', session, destructive: false };
        const pending = await admins.passkeyPending(session.account);
        return new Reply(
          { session: viewOf(caller, { csrf, pending }) },
          { headers: { 'Set-Cookie': sessionCookie(token, session, secure) } },
        );
      },
    }),
    route({
      name: 'cli-sign-in.show',
      method: 'post',
      path: '/session/cli/code',
      summary: 'Show what a code of the command line would allow',
      body: cliSignInCode,
      response: cliSignInView,
      handler: ({ body, caller }) => cliSignIn.show(body.code, sessionOf(caller).account),
    }),
    route({
      name: 'cli-sign-in.approve',
      method: 'post',
      path: '/session/cli/approval',
      summary: 'Allow the sign-in of the command line that shows this code',
      body: cliSignInCode,
      response: done,
      async handler({ body, caller }) {
        await cliSignIn.approve(body.code, sessionOf(caller));
        return DONE;
      },
    }),
    route({
      name: 'cli-sign-in.decline',
      method: 'post',
      path: '/session/cli/refusal',
      summary: 'Decline the sign-in of the command line that shows this code',
      body: cliSignInCode,
      response: done,
      async handler({ body, caller }) {
        await cliSignIn.decline(body.code, sessionOf(caller).account);
        return DONE;
      },
    }),
  ];
}
