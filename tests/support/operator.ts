/**
 * The people of an installation, created over the REST API as an admin does: owner, proposer, approvers with their keys, and approver set.
 * Also creates groups and activation codes. End-to-end tests, the replay and the benchmarks use it.
 */
import type { z } from 'zod';
import { groupView } from '../../shared/api/groups.ts';
import { approvalResult } from '../../shared/api/order-approvals.ts';
import { revisionView } from '../../shared/api/orders.ts';
import { approvalOf } from '../../shared/order/approver-key.ts';
import { createCodes } from './codes.ts';
import {
  type Approver,
  adoptApproverSet,
  firstOwner,
  invite,
  inviteApprover,
  type Method,
  type Person,
} from './people.ts';

export interface Operator {
  readonly admin: string;
  readonly owner: Person;
  readonly proposer: Person;
  readonly approvers: readonly Approver[];
  as<S extends z.ZodType>(
    person: Person,
    method: Method,
    path: string,
    answer: S,
    body?: unknown,
  ): Promise<z.output<S>>;
  group(name: string, home?: string | null, seat?: string | null): Promise<string>;
  /** Creates an activation link for the person with this name, and the person if none exists. */
  code(input: {
    user: string;
    group: string;
    home?: string | null;
    seat?: string | null;
  }): Promise<{ id: string; link: string }>;
  propose(terms: object): Promise<z.output<typeof revisionView>>;
  act(order: string, act: object): Promise<z.output<typeof revisionView>>;
  /**
   * Signs the payload of a revision with this person's key and submits the approval. Confirms an immediate effect where the server requires
   * it.
   */
  approve(order: string, revision: number, person: Approver): Promise<z.output<typeof approvalResult>>;
  /** Adopts a revision: two approvers approve it, one after the other. */
  adopt(revision: z.output<typeof revisionView>): Promise<void>;
}

/** Sets up an installation from the first owner's link: a proposer, three approvers (ada, ben, cleo), and an adopted approver set. */
export async function setUp(admin: string, ownerLink: string): Promise<Operator> {
  const owner = await firstOwner(admin, ownerLink);
  const proposer = await invite(admin, owner, 'proposer');
  const approvers: Approver[] = [];
  for (const name of ['ada', 'ben', 'cleo']) approvers.push(await inviteApprover(admin, owner, name));
  await adoptApproverSet(owner, approvers);

  const as: Operator['as'] = ({ api }, method, path, answer, body) => api.call(method, path, answer, body);

  const approve: Operator['approve'] = async (order, revision, { key, api }) => {
    const path = `/orders/${order}/revisions/${revision}`;
    const { payload } = await api.call('GET', path, revisionView);
    const give = (immediate: boolean) =>
      api.call('POST', `${path}/approvals`, approvalResult, approvalOf(key, payload, { immediate }));
    try {
      return await give(false);
    } catch (error) {
      // On a slow machine, the effective time of a test's order passes before its second approval.
      if (error instanceof Error && 'code' in error && error.code === 'immediate_effect_unconfirmed') return give(true);
      throw error;
    }
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
    code: createCodes(owner.api),
    propose: (terms) => as(proposer, 'POST', '/orders', revisionView, terms),
    act: (order, act) => as(proposer, 'POST', `/orders/${order}/revisions`, revisionView, act),
    adopt: async ({ order, revision }) => {
      for (const approver of approvers.slice(0, 2)) await approve(order, revision, approver);
    },
  };
}
