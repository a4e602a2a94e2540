/**
 * Routes for territory policies. An admin can preview the impact of a policy before activating it. The ledger records each activation.
 * Signed orders do not change.
 */
import {
  policyComparisonView,
  territoryPolicyList,
  territoryPolicyParams,
  territoryPolicyView,
} from '../../shared/api/territory-policies.ts';
import { territoryMapOf, territoryPolicySchema } from '../../shared/areas/territory-policy.ts';
import type { Admins } from '../admins/admins.ts';
import type { TerritoryPolicies } from '../jurisdiction/territory-policies.ts';
import type { ChangeImpact } from '../orders/impact/change-impact.ts';
import { Reply, type Route, route } from './route.ts';
import { listArtifacts } from './versioned-artifact.ts';

export interface TerritoryPoliciesPorts {
  readonly policies: Omit<TerritoryPolicies, 'territoryMap'>;
  readonly orders: { readonly changeImpact: Pick<ChangeImpact, 'policy'> };
  readonly admins: Pick<Admins, 'namesOf'>;
  readonly now: () => number;
}

export function territoryPolicyRoutes({ policies, orders, admins, now }: TerritoryPoliciesPorts): Route[] {
  return [
    route({
      name: 'territory-policies.list',
      method: 'get',
      path: '/territory-policies',
      summary: 'List territory policies and their activations',
      response: territoryPolicyList,
      async handler() {
        const { artifacts, ...rest } = await listArtifacts(policies, admins);
        return { policies: artifacts, ...rest };
      },
    }),
    route({
      name: 'territory-policies.import',
      method: 'post',
      path: '/territory-policies',
      summary: 'Import a territory policy without activating it',
      body: territoryPolicySchema,
      response: territoryPolicyView,
      statuses: [201],
      handler: async ({ body, caller }) => new Reply(await policies.import(body, caller.account.id), { status: 201 }),
    }),
    route({
      name: 'territory-policies.compare',
      method: 'get',
      path: '/territory-policies/:version/comparison',
      summary: 'Preview the impact of a territory policy. Nothing is changed',
      params: territoryPolicyParams,
      response: policyComparisonView,
      async handler({ params }) {
        const compared = await policies.compare(params.version);
        return { ...compared, at: now(), orders: await orders.changeImpact.policy(territoryMapOf(compared.other)) };
      },
    }),
    route({
      name: 'territory-policies.activate',
      method: 'post',
      path: '/territory-policies/:version/activate',
      summary: 'Activate a territory policy for new orders',
      params: territoryPolicyParams,
      response: territoryPolicyView,
      handler: ({ params, caller }) => policies.activate(params.version, caller.account.id),
    }),
    route({
      name: 'territory-policies.rollback',
      method: 'post',
      path: '/territory-policies/rollback',
      summary: 'Roll back to the previous territory policy',
      response: territoryPolicyView,
      handler: ({ caller }) => policies.rollBack(caller.account.id),
    }),
  ];
}
