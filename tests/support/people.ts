/**
 * People of an installation, each with an account, an API token and an approver key, and the REST API as they use it. End-to-end tests,
 * faults, replay and benchmarks act through them.
 */
import { randomBytes } from 'node:crypto';
import { generate } from 'otplib';
import { z } from 'zod';
import { invitedAccount, redeemed } from '../../shared/api/accounts.ts';
import { approverKeyView, approverSetView } from '../../shared/api/approvers.ts';
import { CSRF_HEADER, createdToken, sessionCookieName, sessionView } from '../../shared/api/session.ts';
import { problemSchema } from '../../shared/api/wire.ts';
import { CordonError, ERROR_CODES } from '../../shared/errors.ts';
import { signApproverSetPayload } from '../../shared/order/approver-key.ts';
import { createKeyFile, type FileKey } from '../../shared/order/key-file.ts';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** Calls the API with a token, with a session's cookie, or without credentials. */
export class Caller {
  readonly #admin: string;
  readonly #headers: Record<string, string>;

  constructor(admin: string, headers: Record<string, string> = {}) {
    this.#admin = admin;
    this.#headers = headers;
  }

  /** Throws a `CordonError` with the code of the server's problem response. Throws an error of `schema` if the response does not match. */
  async call<S extends z.ZodType>(method: Method, path: string, schema: S, body?: unknown): Promise<z.output<S>> {
    return schema.parse((await this.raw(method, path, body)).json);
  }

  /** Sends bytes unchanged, and every other body as JSON. */
  async raw(method: Method, path: string, body?: unknown): Promise<{ json: unknown; headers: Headers }> {
    const bytes = body instanceof Uint8Array ? new Uint8Array(body) : null;
    const type = bytes ? 'application/octet-stream' : 'application/json';
    const response = await fetch(`${this.#admin}/api/v1${path}`, {
      method,
      headers: { ...this.#headers, ...(body === undefined ? {} : { 'content-type': type }) },
      ...(body === undefined ? {} : { body: bytes ?? JSON.stringify(body) }),
    });
    const json: unknown = await response.json();
    if (response.ok) return { json, headers: response.headers };
    const { code, detail, context } = problemSchema.parse(json);
    throw new CordonError(z.enum(ERROR_CODES).parse(code), detail, { ...context, status: response.status });
  }
}

export interface Person {
  readonly name: string;
  /** Id of the person, not of the account. */
  readonly id: string;
  readonly token: string;
  readonly api: Caller;
  /** Calls in the session of the sign-in, for actions that an API token cannot do, such as creating accounts. */
  readonly browser: Caller;
  /** Cookie and CSRF token of that session. */
  readonly session: SignedIn;
  /** Credentials for a sign-in by hand. */
  readonly signIn: { readonly email: string; readonly password: string; readonly totpSecret: string };
}

export interface Approver extends Person {
  readonly key: FileKey;
  /** Key file of the approver, encrypted with the passphrase "the passphrase of NAME". */
  readonly pem: string;
}

export interface SignedIn {
  /** Value of the session cookie. */
  readonly cookie: string;
  readonly csrf: string;
}

/** Signs in as the console does. `at`: real time of the TOTP code. Throws `totp_reused` for a used code. */
export async function signIn(
  admin: string,
  { email, password, totpSecret }: Person['signIn'],
  at = Date.now(),
): Promise<SignedIn> {
  const totp = await generate({ secret: totpSecret, epoch: Math.floor(at / 1000) });
  const { json, headers } = await new Caller(admin).raw('POST', '/session', { email, password, totp });
  const { csrf } = sessionView.parse(json);
  const cookie = new RegExp(`${sessionCookieName(false)}=([^;]+)`).exec(headers.getSetCookie().join('\n'))?.[1];
  if (cookie === undefined || csrf === null) throw new Error('signing in gave no session');
  return { cookie, csrf };
}

/** Calls the API in a session, as the console does. */
export const callerOf = (admin: string, { cookie, csrf }: SignedIn): Caller =>
  new Caller(admin, { cookie: `${sessionCookieName(false)}=${cookie}`, [CSRF_HEADER]: csrf });

/** Redeems an invitation, signs in once, and creates an API token for all later calls. */
async function join(admin: string, token: string, name: string, identity: object): Promise<Person> {
  const password = randomBytes(12).toString('base64url');
  const redemption = { token, password, ...identity };
  const stranger = new Caller(admin);
  const { account, totpSecret } = await stranger.call('POST', '/invitations/redeem', redeemed, redemption);
  const credentials = { email: account.email, password, totpSecret };
  const session = await signIn(admin, credentials);
  const browser = callerOf(admin, session);
  const { secret } = await browser.call('POST', '/tokens', createdToken, { name: 'set-up', destructive: true });
  const api = new Caller(admin, { authorization: `Bearer ${secret}` });
  return { name, id: account.person, token: secret, api, browser, session, signIn: credentials };
}

const entriesOf = (name: string) => `${name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-')}@example.org`;

export async function firstOwner(admin: string, link: string, name = 'Owner'): Promise<Person> {
  // The token is the last part of the link, in its path, query or fragment.
  const token = /[A-Za-z0-9_-]+$/.exec(link)?.[0] ?? '';
  return join(admin, token, 'owner', { email: entriesOf('owner'), name });
}

/** Redeems the link of an invitation. */
export const joinByLink = (admin: string, link: string, name: string): Promise<Person> =>
  join(admin, link.split('=').at(-1) ?? '', name, {});

/** Role of a person who may propose and approve orders. */
const LEGAL = [{ role: 'legal' }];

export async function invite(
  admin: string,
  owner: Person,
  name: string,
  grants: readonly object[] = LEGAL,
): Promise<Person> {
  const account = { email: entriesOf(name), name, grants };
  const { invitation } = await owner.browser.call('POST', '/accounts', invitedAccount, account);
  if (invitation === null) throw new Error('the server mails invitations');
  return join(admin, invitation, name, {});
}

/** Invites a person who then registers an approver key. */
export async function inviteApprover(
  admin: string,
  owner: Person,
  name: string,
  grants?: Parameters<typeof invite>[3],
): Promise<Approver> {
  const person = await invite(admin, owner, name, grants);
  const { key, pem } = createKeyFile(`the passphrase of ${name}`);
  await person.browser.call('POST', '/approver-keys', approverKeyView, { publicKey: key.publicKey });
  return { ...person, key, pem };
}

/** Adopts the first approver set with all of `people`, two of whom must approve. The owner proposes it. */
export async function adoptApproverSet(owner: Person, people: readonly Approver[]): Promise<void> {
  const keyids = people.map(({ key }) => key.keyid);
  let approverSet = await owner.api.call('POST', '/approvers', approverSetView, { keyids, threshold: 2 });
  for (const { api, key } of people) {
    if (approverSet.state === 'adopted') return;
    const signature = signApproverSetPayload(key, approverSet.payload);
    const path = `/approvers/${approverSet.version}/signatures`;
    approverSet = await api.call('POST', path, approverSetView, { keyid: key.keyid, signature });
  }
  if (approverSet.state !== 'adopted') throw new Error('everyone has signed the approver set and it is not adopted');
}
