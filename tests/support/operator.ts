/**
 * An operator's people, over the REST API as an admin would use it: owner, proposer, approvers with keys of their own, the root, groups and
 * activation codes. End-to-end tests, the replay and the benchmarks all set an installation up through this.
 */
import { generate } from 'otplib';
import { z } from 'zod';
import { invitedAccount, redeemed } from '../../shared/api/accounts.ts';
import { approverKeyView, rootView } from '../../shared/api/approvers.ts';
import { createdCode } from '../../shared/api/codes.ts';
import { groupView } from '../../shared/api/groups.ts';
import { approvalResult, revisionView } from '../../shared/api/orders.ts';
import { createdToken, sessionView } from '../../shared/api/session.ts';
import { problemSchema } from '../../shared/api/wire.ts';
import { CordonError, ERROR_CODES } from '../../shared/errors.ts';
import {
  type ApproverKey,
  approveRevision,
  createApproverKey,
  signRootPayload,
} from '../../shared/order/approver-key.ts';

const PASSWORD = 'correct horse battery staple';

export interface Person {
  readonly name: string;
  readonly token: string;
  /** Approvers only; `pem` is its key file, under the passphrase "the passphrase of NAME". */
  readonly key: ApproverKey | null;
  readonly pem: string | null;
}

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** Refusals become `CordonError`s with the problem's own code, so that a test can ask for it. */
export async function call<S extends z.ZodType>(
  admin: string,
  token: string | null,
  method: Method,
  path: string,
  answer: S,
  body?: unknown,
): Promise<z.output<S>> {
  const response = await fetch(`${admin}/api/v1${path}`, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const content: unknown = await response.json();
  if (response.ok) return answer.parse(content);
  const problem = problemSchema.parse(content);
  const code = z.enum(ERROR_CODES).parse(problem.code);
  throw new CordonError(code, problem.detail, { ...problem.context, status: response.status });
}

/** Redeems an invitation and trades the password and a TOTP code for an API token. */
async function join(admin: string, invitation: string, extra: object): Promise<string> {
  const token = invitation.includes('/') ? (invitation.split(/[/#=]/).at(-1) ?? '') : invitation;
  const joined = await call(admin, null, 'POST', '/invitations/redeem', redeemed, {
    token,
    password: PASSWORD,
    ...extra,
  });
  const response = await fetch(`${admin}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      email: joined.account.email,
      password: PASSWORD,
      totp: await generate({ secret: joined.totpSecret }),
    }),
  });
  const session = sessionView.parse(await response.json());
  const cookie = response.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const made = await fetch(`${admin}/api/v1/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie, 'x-cordon-csrf': session.csrf ?? '' },
    body: JSON.stringify({ name: 'set-up' }),
  });
  return createdToken.parse(await made.json()).secret;
}

export interface Operator {
  readonly admin: string;
  readonly owner: Person;
  readonly proposer: Person;
  readonly approvers: readonly Person[];
  as<S extends z.ZodType>(
    person: Person,
    method: Method,
    path: string,
    answer: S,
    body?: unknown,
  ): Promise<z.output<S>>;
  group(name: string, home?: string | null, seat?: string | null): Promise<string>;
  /** An activation link. */
  code(input: {
    user: string;
    group: string;
    home?: string | null;
    seat?: string | null;
  }): Promise<{ id: string; link: string }>;
  propose(terms: object): Promise<z.output<typeof revisionView>>;
  act(order: string, act: object): Promise<z.output<typeof revisionView>>;
  /** Signs the exact payload of one revision with this person's key and hands the approval in. */
  approve(order: string, revision: number, person: Person): Promise<z.output<typeof approvalResult>>;
  /** Two approvers, one after the other. */
  adopt(revision: z.output<typeof revisionView>): Promise<void>;
}

/** Sets an installation up from the first owner's link: a proposer, three approvers (ada, ben, cleo), a root that is adopted. */
export async function setUp(admin: string, firstOwner: string): Promise<Operator> {
  const ownerToken = await join(admin, firstOwner, { email: 'owner@example.org', name: 'Owner' });
  const owner: Person = { name: 'owner', token: ownerToken, key: null, pem: null };
  const as: Operator['as'] = (person, method, path, answer, body) =>
    call(admin, person.token, method, path, answer, body);

  async function person(name: string, approver: boolean): Promise<Person> {
    const { invitation } = await as(owner, 'POST', '/accounts', invitedAccount, {
      email: `${name}@example.org`,
      name,
      grants: [{ role: 'legal' }],
    });
    const token = await join(admin, invitation, {});
    if (!approver) return { name, token, key: null, pem: null };
    const { key, pem } = createApproverKey(`the passphrase of ${name}`);
    const made: Person = { name, token, key, pem };
    await as(made, 'POST', '/approver-keys', approverKeyView, { publicKey: key.publicKey });
    return made;
  }

  const proposer = await person('proposer', false);
  const approvers: Person[] = [];
  for (const name of ['ada', 'ben', 'cleo']) approvers.push(await person(name, true));

  const keyids = approvers.map(({ key }) => key?.keyid);
  const root = await as(owner, 'POST', '/approvers', rootView, { keyids, threshold: 2 });
  for (const approver of approvers.slice(0, 2)) {
    if (!approver.key) continue;
    const signature = signRootPayload(approver.key, root.payload);
    await as(approver, 'POST', `/approvers/${root.version}/signatures`, z.unknown(), {
      keyid: approver.key.keyid,
      signature,
    });
  }

  const approve: Operator['approve'] = async (order, revision, { key, token }) => {
    if (!key) throw new Error('this person has no key');
    const { payload } = await call(admin, token, 'GET', `/orders/${order}/revisions/${revision}`, revisionView);
    const path = `/orders/${order}/revisions/${revision}/approvals`;
    return call(admin, token, 'POST', path, approvalResult, {
      keyid: key.keyid,
      signature: approveRevision(key, payload),
    });
  };

  return {
    admin,
    owner,
    proposer,
    approvers,
    as,
    approve,
    group: async (name, home = null, seat = null) =>
      (await as(owner, 'POST', '/groups', groupView, { name, home, seat })).id,
    code: (input) => as(owner, 'POST', '/codes', createdCode, input),
    propose: (terms) => as(proposer, 'POST', '/orders', revisionView, terms),
    act: (order, act) => as(proposer, 'POST', `/orders/${order}/revisions`, revisionView, act),
    adopt: async ({ order, revision }) => {
      for (const approver of approvers.slice(0, 2)) await approve(order, revision, approver);
    },
  };
}
