import {
  challengeCookieName,
  newPasskey,
  passkeyChallenge,
  passkeyOptionsBody,
  passkeyParams,
  passkeySignIn,
  passkeysView,
  recoveryCodes,
  registrationOptions,
  sessionChallenge,
} from '../../shared/api/passkeys.ts';
import { sessionView } from '../../shared/api/session.ts';
import { DONE, done } from '../../shared/api/wire.ts';
import type { Admins } from '../admins/admins.ts';
import { requireSession } from './require-session.ts';
import { Reply, type Route, route } from './route.ts';
import { signedInReply } from './session.ts';

export interface PasskeysApiPorts {
  readonly admins: Pick<
    Admins,
    | 'passkeys'
    | 'passkeyOptions'
    | 'passkeyPending'
    | 'registerPasskey'
    | 'removePasskey'
    | 'newRecoveryCodes'
    | 'passkeySignInChallenge'
    | 'signInByPasskey'
    | 'passkeyStepUpChallenge'
  >;
}

/** Seconds for which the browser keeps the challenge of a sign-in. The server refuses it after 5 minutes. */
const CHALLENGE_SECONDS = 300;

const challengeCookie = (value: string, secure: boolean) =>
  `${challengeCookieName(secure)}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${value === '' ? 0 : CHALLENGE_SECONDS}${secure ? '; Secure' : ''}`;

export function passkeyRoutes({ admins }: PasskeysApiPorts): Route[] {
  return [
    route({
      name: 'session.passkey-challenge',
      method: 'post',
      path: '/session/passkey/challenge',
      summary: 'Get a challenge for a sign-in with a passkey',
      response: passkeyChallenge,
      async handler({ secure }) {
        const { token, ...challenge } = admins.passkeySignInChallenge();
        return new Reply(challenge, { headers: { 'Set-Cookie': challengeCookie(token, secure) } });
      },
    }),
    route({
      name: 'session.create-by-passkey',
      method: 'post',
      path: '/session/passkey',
      summary: 'Sign in with a passkey',
      body: passkeySignIn,
      response: sessionView,
      async handler({ body, address, userAgent, secure, cookie: replaces, challenge }) {
        const request = { response: body.response, challenge, address, userAgent, replaces };
        const signedIn = await admins.signInByPasskey(request);
        const pending = await admins.passkeyPending(signedIn.session.account);
        return signedInReply(signedIn, { secure, pending }, [challengeCookie('', secure)]);
      },
    }),
    route({
      name: 'session.step-up-challenge',
      method: 'post',
      path: '/session/step-up/challenge',
      summary: 'Get a challenge for a step-up with a passkey',
      response: sessionChallenge,
      async handler({ caller, cookie }) {
        return admins.passkeyStepUpChallenge(caller.account, requireSession(caller, cookie));
      },
    }),
    route({
      name: 'passkeys.list',
      method: 'get',
      path: '/passkeys',
      summary: 'List your passkeys, and count your unused recovery codes',
      response: passkeysView,
      handler: ({ caller }) => admins.passkeys(caller.account),
    }),
    route({
      name: 'passkeys.options',
      method: 'post',
      path: '/passkeys/options',
      summary: 'Get the options with which a browser creates a passkey',
      body: passkeyOptionsBody,
      response: registrationOptions,
      handler: ({ body, caller }) => admins.passkeyOptions(caller.account, body.purpose),
    }),
    route({
      name: 'passkeys.register',
      method: 'post',
      path: '/passkeys',
      summary: 'Add a passkey for sign-in',
      body: newPasskey,
      response: done,
      statuses: [201],
      async handler({ body, caller }) {
        await admins.registerPasskey(caller.account, body);
        return new Reply(DONE, { status: 201 });
      },
    }),
    route({
      name: 'passkeys.delete',
      method: 'delete',
      path: '/passkeys/:id',
      summary: 'Remove one of your passkeys',
      params: passkeyParams,
      response: done,
      async handler({ params, caller }) {
        await admins.removePasskey(caller.account, params.id);
        return DONE;
      },
    }),
    route({
      name: 'recovery-codes.replace',
      method: 'post',
      path: '/recovery-codes',
      summary: 'Create 10 recovery codes, which replace the earlier ones. They are shown only once',
      response: recoveryCodes,
      statuses: [201],
      handler: async ({ caller }) =>
        new Reply({ codes: await admins.newRecoveryCodes(caller.account) }, { status: 201 }),
    }),
  ];
}
