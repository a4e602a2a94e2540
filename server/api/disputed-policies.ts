/** Policies of disputed ground: what one would do is shown before it is taken, taking one is a leaf, and no signed order changes by it. */
import {
  disputedPolicyList,
  disputedPolicyParams,
  disputedPolicyView,
  policyComparisonView,
} from '../../shared/api/disputed-policies.ts';
import { disputedPolicySchema, groundMapOf } from '../../shared/areas/disputed-policy.ts';
import type { Admins } from '../admins/admins.ts';
import type { DisputedPolicies } from '../jurisdiction/disputed-policies.ts';
import type { Orders } from '../orders/orders.ts';
import { Reply, type Route, route } from './route.ts';

export interface DisputedPoliciesPorts {
  readonly policies: Omit<DisputedPolicies, 'groundMap'>;
  readonly orders: Pick<Orders, 'policyChange'>;
  readonly admins: Pick<Admins, 'namesOf'>;
  /** Domain time. */
  readonly now: () => number;
}

export function disputedPolicyRoutes({ policies, orders, admins, now }: DisputedPoliciesPorts): Route[] {
  return [
    route({
      name: 'disputed-policies.list',
      method: 'get',
      path: '/disputed-policies',
      summary: 'The policies of disputed ground at hand, and which stood when',
      response: disputedPolicyList,
      async handler() {
        const [all, uses] = [await policies.policies(), await policies.policyUses()];
        const accounts = [...all.map(({ importedBy }) => importedBy), ...uses.map(({ by }) => by)];
        const people = await admins.namesOf(new Set(accounts.filter((account) => account !== null)));
        return { policies: all, uses, people };
      },
    }),
    route({
      name: 'disputed-policies.import',
      method: 'post',
      path: '/disputed-policies',
      summary: 'Import a policy of disputed ground; it stands once it is activated',
      body: disputedPolicySchema,
      response: disputedPolicyView,
      statuses: [201],
      handler: async ({ body, caller }) =>
        new Reply(await policies.importPolicy(body, caller.account.id), { status: 201 }),
    }),
    route({
      name: 'disputed-policies.compare',
      method: 'get',
      path: '/disputed-policies/:version/comparison',
      summary:
        'Which ground this policy counts otherwise, and what orders would do if they were revised by it; nothing is changed',
      params: disputedPolicyParams,
      response: policyComparisonView,
      async handler({ params }) {
        const compared = await policies.comparePolicy(params.version);
        return { ...compared, at: now(), orders: await orders.policyChange(groundMapOf(compared.other)) };
      },
    }),
    route({
      name: 'disputed-policies.activate',
      method: 'post',
      path: '/disputed-policies/:version/activate',
      summary: 'Let orders that are proposed from now on take this policy over; those that are signed stay as they are',
      params: disputedPolicyParams,
      response: disputedPolicyView,
      handler: ({ params, caller }) => policies.activatePolicy(params.version, caller.account.id),
    }),
    route({
      name: 'disputed-policies.rollback',
      method: 'post',
      path: '/disputed-policies/rollback',
      summary: 'Let the policy stand again that stood before the present one was taken first',
      response: disputedPolicyView,
      handler: ({ caller }) => policies.rollBackPolicy(caller.account.id),
    }),
  ];
}
