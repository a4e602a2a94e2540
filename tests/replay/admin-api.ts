/**
 * The people of a timeline, each with an account, a token and an approver's key of their own, and the REST API as they use it. Knows no
 * more of the server than anyone who has its OpenAPI document.
 */
import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { generateSync } from 'otplib';
import type { z } from 'zod';
import { invitedAccount, redeemed } from '../../shared/api/accounts.ts';
import { approverKeyView, rootView } from '../../shared/api/approvers.ts';
import { CSRF_HEADER, createdToken, SESSION_COOKIE, sessionView } from '../../shared/api/session.ts';
import { problemSchema } from '../../shared/api/wire.ts';
import { approveRevision, signRootPayload } from '../../shared/order/approver-key.ts';
import { type Signer, signerOf } from '../../shared/order/dsse.ts';

/** A request that the server refused, with its stable code. */
export class Refusal extends Error {
  readonly code: string;
  constructor(code: string, detail: string) {
    super(detail);
    this.code = code;
  }
}

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** One way of calling the API: with a token, with a session's cookie, or with nothing. */
export class Caller {
  readonly #base: string;
  readonly #headers: Record<string, string>;

  constructor(base: string, headers: Record<string, string> = {}) {
    this.#base = base;
    this.#headers = headers;
  }

  /** Throws `Refusal` for a problem, and whatever `schema` throws when the answer is not as the API describes it. */
  async call<S extends z.ZodType>(method: Method, path: string, schema: S, body?: unknown): Promise<z.output<S>> {
    return schema.parse((await this.raw(method, path, body)).json);
  }

  async raw(method: Method, path: string, body?: unknown): Promise<{ json: unknown; headers: Headers }> {
    const response = await fetch(`${this.#base}/api/v1${path}`, {
      method,
      headers: { ...this.#headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const json: unknown = await response.json();
    if (response.ok) return { json, headers: response.headers };
    const problem = problemSchema.safeParse(json);
    if (!problem.success) throw new Error(`${method} ${path}: HTTP ${response.status}`);
    throw new Refusal(problem.data.code, problem.data.detail);
  }
}

export interface Person {
  readonly name: string;
  readonly id: string;
  readonly api: Caller;
  readonly key: Signer & { readonly publicKey: string };
  /** For whoever wants to look at the server afterwards (`--keep`). */
  readonly signIn: { readonly email: string; readonly password: string; readonly totpSecret: string };
}

function newKey(): Person['key'] {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  });
  const signer = signerOf(createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' }));
  return { ...signer, publicKey: publicKey.toString('base64') };
}

/** Redeems an invitation, signs in once, and from then on uses a token of its own. */
async function join(base: string, token: string, name: string, identity: object): Promise<Person> {
  const password = randomBytes(12).toString('base64url');
  const stranger = new Caller(base);
  const { account, totpSecret } = await stranger.call('POST', '/invitations/redeem', redeemed, {
    token,
    password,
    ...identity,
  });
  const totp = generateSync({ secret: totpSecret });
  const { json, headers } = await stranger.raw('POST', '/session', { email: account.email, password, totp });
  const { csrf } = sessionView.parse(json);
  const cookie = new RegExp(`${SESSION_COOKIE}=[^;]+`).exec(headers.getSetCookie().join('\n'))?.[0];
  if (cookie === undefined || csrf === null) throw new Error('signing in gave no session');
  const session = new Caller(base, { cookie, [CSRF_HEADER]: csrf });
  const { secret } = await session.call('POST', '/tokens', createdToken, { name: 'replay' });
  return {
    name,
    id: account.person,
    api: new Caller(base, { authorization: `Bearer ${secret}` }),
    key: newKey(),
    signIn: { email: account.email, password, totpSecret },
  };
}

const mailOf = (name: string) => `${name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-')}@replay.example`;

export async function firstOwner(base: string, link: string): Promise<Person> {
  // The token is the link's last part, whether it stands in the path, the query or the fragment.
  const token = /[A-Za-z0-9_-]+$/.exec(link)?.[0] ?? '';
  return await join(base, token, 'owner', { email: mailOf('owner'), name: 'owner' });
}

/** Makes an account that may decide about orders, and registers its approver's key. */
export async function invite(base: string, owner: Person, name: string): Promise<Person> {
  const { invitation } = await owner.api.call('POST', '/accounts', invitedAccount, {
    email: mailOf(name),
    name,
    grants: [{ role: 'legal' }],
  });
  const person = await join(base, invitation, name, {});
  await person.api.call('POST', '/approver-keys', approverKeyView, { publicKey: person.key.publicKey });
  return person;
}

/** The first root of approvers: all of `people`, two of whom are enough. */
export async function adoptRoot(people: readonly Person[]): Promise<void> {
  const [proposer] = people;
  if (!proposer) throw new Error('a root of approvers needs people');
  const keyids = people.map((person) => person.key.keyid);
  let root = await proposer.api.call('POST', '/approvers', rootView, { keyids, threshold: 2 });
  for (const { api, key } of people) {
    if (root.state === 'adopted') return;
    root = await api.call('POST', `/approvers/${root.version}/signatures`, rootView, {
      keyid: key.keyid,
      signature: signRootPayload(key, root.payload),
    });
  }
  if (root.state !== 'adopted') throw new Error('everyone has signed the root of approvers and it is not adopted');
}

export const signatureOver = (payload: string, { key }: Person) => approveRevision(key, payload);
