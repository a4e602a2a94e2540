/**
 * The people of an installation, each with an account, a token and an approver's key of their own, and the REST API as they use it.
 * End-to-end tests, faults, replay and benchmarks all act through them. Knows no more of the server than anyone who has its OpenAPI document.
 */
import { randomBytes } from 'node:crypto';
import { generate } from 'otplib';
import { z } from 'zod';
import { invitedAccount, redeemed } from '../../shared/api/accounts.ts';
import { approverKeyView, rootView } from '../../shared/api/approvers.ts';
import { CSRF_HEADER, createdToken, SESSION_COOKIE, sessionView } from '../../shared/api/session.ts';
import { problemSchema } from '../../shared/api/wire.ts';
import { CordonError, ERROR_CODES } from '../../shared/errors.ts';
import { type ApproverKey, createApproverKey, signRootPayload } from '../../shared/order/approver-key.ts';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** One way of calling the API: with a token, with a session's cookie, or with nothing. */
export class Caller {
  readonly #admin: string;
  readonly #headers: Record<string, string>;

  constructor(admin: string, headers: Record<string, string> = {}) {
    this.#admin = admin;
    this.#headers = headers;
  }

  /** Throws a `CordonError` with the problem's own code, and whatever `schema` throws when the answer is not as the API describes it. */
  async call<S extends z.ZodType>(method: Method, path: string, schema: S, body?: unknown): Promise<z.output<S>> {
    return schema.parse((await this.raw(method, path, body)).json);
  }

  async raw(method: Method, path: string, body?: unknown): Promise<{ json: unknown; headers: Headers }> {
    const response = await fetch(`${this.#admin}/api/v1${path}`, {
      method,
      headers: { ...this.#headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const json: unknown = await response.json();
    if (response.ok) return { json, headers: response.headers };
    const { code, detail, context } = problemSchema.parse(json);
    throw new CordonError(z.enum(ERROR_CODES).parse(code), detail, { ...context, status: response.status });
  }
}

export interface Person {
  readonly name: string;
  /** Of the person, not of the account. */
  readonly id: string;
  readonly token: string;
  readonly api: Caller;
  /** For whoever wants to look at the server themselves. */
  readonly signIn: { readonly email: string; readonly password: string; readonly totpSecret: string };
}

export interface Approver extends Person {
  readonly key: ApproverKey;
  /** Its key file, under the passphrase "the passphrase of NAME". */
  readonly pem: string;
}

/** Redeems an invitation, signs in once, and from then on uses a token of their own. */
async function join(admin: string, token: string, name: string, identity: object): Promise<Person> {
  const password = randomBytes(12).toString('base64url');
  const stranger = new Caller(admin);
  const redemption = { token, password, ...identity };
  const { account, totpSecret } = await stranger.call('POST', '/invitations/redeem', redeemed, redemption);
  const totp = await generate({ secret: totpSecret });
  const { json, headers } = await stranger.raw('POST', '/session', { email: account.email, password, totp });
  const { csrf } = sessionView.parse(json);
  const cookie = new RegExp(`${SESSION_COOKIE}=[^;]+`).exec(headers.getSetCookie().join('\n'))?.[0];
  if (cookie === undefined || csrf === null) throw new Error('signing in gave no session');
  const session = new Caller(admin, { cookie, [CSRF_HEADER]: csrf });
  const { secret } = await session.call('POST', '/tokens', createdToken, { name: 'set-up' });
  const api = new Caller(admin, { authorization: `Bearer ${secret}` });
  return { name, id: account.person, token: secret, api, signIn: { email: account.email, password, totpSecret } };
}

const mailOf = (name: string) => `${name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-')}@example.org`;

export async function firstOwner(admin: string, link: string): Promise<Person> {
  // The token is the link's last part, whether it stands in the path, the query or the fragment.
  const token = /[A-Za-z0-9_-]+$/.exec(link)?.[0] ?? '';
  return join(admin, token, 'owner', { email: mailOf('owner'), name: 'Owner' });
}

/** Makes an account that may decide about orders. */
export async function invite(admin: string, owner: Person, name: string): Promise<Person> {
  const account = { email: mailOf(name), name, grants: [{ role: 'legal' }] };
  const { invitation } = await owner.api.call('POST', '/accounts', invitedAccount, account);
  return join(admin, invitation, name, {});
}

/** The same, with an approver's key that is registered. */
export async function inviteApprover(admin: string, owner: Person, name: string): Promise<Approver> {
  const person = await invite(admin, owner, name);
  const { key, pem } = createApproverKey(`the passphrase of ${name}`);
  await person.api.call('POST', '/approver-keys', approverKeyView, { publicKey: key.publicKey });
  return { ...person, key, pem };
}

/** The first root of approvers: all of `people`, two of whom are enough. Proposed by the owner. */
export async function adoptRoot(owner: Person, people: readonly Approver[]): Promise<void> {
  const keyids = people.map(({ key }) => key.keyid);
  let root = await owner.api.call('POST', '/approvers', rootView, { keyids, threshold: 2 });
  for (const { api, key } of people) {
    if (root.state === 'adopted') return;
    const signature = signRootPayload(key, root.payload);
    const path = `/approvers/${root.version}/signatures`;
    root = await api.call('POST', path, rootView, { keyid: key.keyid, signature });
  }
  if (root.state !== 'adopted') throw new Error('everyone has signed the root of approvers and it is not adopted');
}
