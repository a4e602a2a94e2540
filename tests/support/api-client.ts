/** Accounts, sign-ins and requests of the API in `api-server.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateSync } from 'otplib';
import type { Admins } from '../../server/admins/admins.ts';
import type { Grant } from '../../server/admins/roles.ts';

export const PASSWORD = 'correct horse battery';

/** `ahead`: milliseconds by which TOTP codes are ahead of the clock. A sign-in then needs no wait for the next code. */
export interface SignInTime {
  ahead: number;
}

export function apiClient({ url, admins, time }: { url: string; admins: Admins; time: SignInTime }) {
  /** Creates an account that can sign in, and returns its TOTP secret. */
  async function account(email: string, grants: readonly Grant[]) {
    const first = await admins.firstOwnerInvitation();
    const owner = first !== null;
    const invitation = first ?? (await admins.createAccount(email, email)).invitation;
    const redeemed = await admins.redeemInvitation({
      token: invitation,
      password: PASSWORD,
      ...(owner ? { email, name: email } : {}),
      address: 'test',
    });
    for (const grant of grants) await admins.grant(redeemed.account.id, grant);
    return { id: redeemed.account.id, email, secret: redeemed.totpSecret };
  }

  /** A new code for each call, one period of 30 seconds later than the last code. */
  function code(secret: string): string {
    time.ahead += 30_000;
    return generateSync({ secret, epoch: Math.floor((Date.now() + time.ahead) / 1000) });
  }

  async function token(who: { id: Parameters<typeof admins.createToken>[0] }): Promise<string> {
    return (await admins.createToken(who.id, 'test', null, true)).secret;
  }

  /** Signs in, and writes the session file of `cordon sign-in` below `home`, for use as `XDG_CONFIG_HOME`. */
  async function commandLine(who: { email: string; secret: string }, home: string): Promise<void> {
    const { cookie, csrf } = await signIn(who);
    mkdirSync(join(home, 'cordon'), { recursive: true });
    writeFileSync(join(home, 'cordon', 'cli.json'), JSON.stringify({ server: url, cookie, csrf }));
  }

  async function request(method: string, path: string, headers: Record<string, string> = {}, body?: unknown) {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
      // An event stream does not end by itself.
      await response.body?.cancel();
      return { status: response.status, headers: response.headers, text: '', json: null };
    }
    const text = await response.text();
    const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
    const json = isJson ? JSON.parse(text) : null;
    return { status: response.status, headers: response.headers, text, json };
  }

  async function signIn(who: { email: string; secret: string }, headers: Record<string, string> = {}) {
    const body = { email: who.email, password: PASSWORD, totp: code(who.secret) };
    const answer = await request('POST', '/api/v1/session', headers, body);
    const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
    const csrf = String(answer.json?.csrf ?? '');
    return { ...answer, cookie, csrf, headers: { cookie, 'x-cordon-csrf': csrf } };
  }

  return { account, code, token, commandLine, request, signIn };
}
