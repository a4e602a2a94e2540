/** Routes for policies of devices. A version has no effect until an admin rolls it out and assigns the policy to a group. */
import {
  newPolicy,
  newPolicyVersion,
  policyChange,
  policyComparison,
  policyComparisonQuery,
  policyGroups,
  policyList,
  policyOrder,
  policyParams,
  policyRehearsal,
  policyRehearsalView,
  policyRollback,
  policyRollout,
  policyVersionList,
  policyVersionParams,
  policyVersionQuery,
  policyVersionView,
  policyView,
} from '../../shared/api/policies.ts';
import { DONE, done } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import type { GroupId, PolicyId } from '../../shared/protocol/ids.ts';
import type { Admins } from '../admins/admins.ts';
import type { Change, Policies } from '../policies/policies.ts';
import type { FilterRights } from './filter-rights.ts';
import { type Input, Reply, type Route, route } from './route.ts';

export interface PoliciesPorts {
  readonly devicePolicies: Omit<Policies, 'effectiveFor' | 'devicesAfter'>;
  readonly admins: Pick<Admins, 'namesOf'>;
  readonly filterRights: Pick<FilterRights, 'require'>;
}

type Demanding = Pick<Input<unknown, unknown, unknown>, 'scope' | 'demand'>;
type Confirmation = Pick<Input<unknown, unknown, unknown>, 'authorize' | 'confirmed'>;

export function policyRoutes(ports: PoliciesPorts): Route[] {
  return [...readRoutes(ports), ...draftRoutes(ports), ...effectRoutes(ports)];
}

/**
 * Checks the groups that the request adds to the policy. The counts of a rehearsal and the compliance list show the members of the groups.
 * Throws `forbidden` if an expression of a group reads facts that the caller may not read.
 */
async function requireNewGroups(
  { devicePolicies: policies, filterRights }: PoliciesPorts,
  { id, groups }: { readonly id: PolicyId; readonly groups: readonly GroupId[] },
  { scope, demand }: Demanding,
): Promise<void> {
  const { groups: present } = await policies.get(id);
  for (const group of groups) {
    if (!present.includes(group)) await filterRights.require({ group }, scope.devices, demand);
  }
}

function readRoutes(ports: PoliciesPorts): Route[] {
  const { devicePolicies: policies, admins } = ports;
  return [
    route({
      name: 'policies.list',
      method: 'get',
      path: '/policies',
      summary: 'List the policies in their order of precedence',
      response: policyList,
      handler: async () => ({ policies: await policies.list() }),
    }),
    route({
      name: 'policies.show',
      method: 'get',
      path: '/policies/:id',
      summary: 'Show a policy with its groups and versions in use',
      params: policyParams,
      response: policyView,
      handler: ({ params }) => policies.get(params.id),
    }),
    route({
      name: 'policies.versions',
      method: 'get',
      path: '/policies/:id/versions',
      summary: 'List the versions of a policy, newest first',
      params: policyParams,
      query: policyVersionQuery,
      response: policyVersionList,
      async handler({ params, query }) {
        const versions = await policies.versions(params.id, query.before ?? null);
        return { versions, people: await admins.namesOf(new Set(versions.map(({ createdBy }) => createdBy))) };
      },
    }),
    route({
      name: 'policies.version',
      method: 'get',
      path: '/policies/:id/versions/:version',
      summary: 'Show one version of a policy',
      params: policyVersionParams,
      response: policyVersionView,
      handler: ({ params }) => policies.version(params.id, params.version),
    }),
    route({
      name: 'policies.compare',
      method: 'get',
      path: '/policies/:id/comparison',
      summary: 'Compare two versions of a policy',
      params: policyParams,
      query: policyComparisonQuery,
      response: policyComparison,
      handler: ({ params, query }) => policies.compare(params.id, query.from, query.to),
    }),
    route({
      name: 'policies.rehearse',
      method: 'post',
      path: '/policies/:id/rehearsal',
      summary: 'Rehearse a rollout or an assignment. Nothing is changed',
      params: policyParams,
      body: policyRehearsal,
      response: policyRehearsalView,
      async handler({ params: { id }, body, scope, demand }) {
        await requireNewGroups(ports, { id, groups: body.groups ?? [] }, { scope, demand });
        const { changedDevices: _, ...counts } = await policies.rehearse(id, body, scope.devices);
        return counts;
      },
    }),
  ];
}

/** Routes for changes that have no effect on devices. */
function draftRoutes({ devicePolicies: policies }: PoliciesPorts): Route[] {
  return [
    route({
      name: 'policies.create',
      method: 'post',
      path: '/policies',
      summary: 'Create a policy with its first version',
      body: newPolicy,
      response: policyView,
      statuses: [201],
      async handler({ body: { name, document, note }, caller }) {
        return new Reply(await policies.create(name, document, note, caller.account.id), { status: 201 });
      },
    }),
    route({
      name: 'policies.rename',
      method: 'patch',
      path: '/policies/:id',
      summary: 'Rename a policy',
      params: policyParams,
      body: policyChange,
      response: policyView,
      handler: ({ params, body }) => policies.rename(params.id, body.name),
    }),
    route({
      name: 'policies.add-version',
      method: 'post',
      path: '/policies/:id/versions',
      summary: 'Create the next version of a policy without rolling it out',
      params: policyParams,
      body: newPolicyVersion,
      response: policyVersionView,
      statuses: [201],
      async handler({ params, body: { after, document, note }, caller }) {
        const made = await policies.addVersion(params.id, after, document, note, caller.account.id);
        return new Reply(made, { status: 201 });
      },
    }),
  ];
}

/** Routes for changes that take effect on devices. If a version in use can wipe workspaces, a second person confirms the change. */
function effectRoutes(ports: PoliciesPorts): Route[] {
  const { devicePolicies: policies } = ports;
  /**
   * The second person confirms a list of devices. Until the confirmation, other changes may add devices to the groups of the policy. The
   * change then needs a new proposal, because no second person has seen these devices.
   */
  async function authorizeChange({ authorize, confirmed }: Confirmation, id: PolicyId, change: Change): Promise<void> {
    if (!(await policies.mayWipe(id, change))) return authorize('policy.apply', []);
    const { changedDevices } = await policies.rehearse(id, change, null);
    if (confirmed !== null) {
      const known = new Set(confirmed);
      const more = changedDevices.filter((device) => !known.has(device)).length;
      if (more > 0) {
        throw new CordonError(
          'conflict',
          `The change now concerns ${more} more devices than the second person has seen. Propose the change again.`,
          { devices: changedDevices.length },
        );
      }
    }
    await authorize('policy.apply-wipe', changedDevices);
  }

  return [
    route({
      name: 'policies.roll-out',
      method: 'post',
      path: '/policies/:id/rollout',
      summary: 'Roll a version out to a share of the devices',
      params: policyParams,
      body: policyRollout,
      response: policyView,
      async handler({ params, body, caller, ...confirmation }) {
        await authorizeChange(confirmation, params.id, body);
        return policies.rollOut(params.id, body.version, body.percent, caller.account.id);
      },
    }),
    route({
      name: 'policies.roll-back',
      method: 'post',
      path: '/policies/:id/rollback',
      summary: 'Create a version that equals an earlier one, and roll it out to all devices',
      params: policyParams,
      body: policyRollback,
      response: policyView,
      async handler({ params, body, caller, ...confirmation }) {
        await authorizeChange(confirmation, params.id, body);
        return policies.rollBack(params.id, body.version, caller.account.id);
      },
    }),
    route({
      name: 'policies.assign',
      method: 'post',
      path: '/policies/:id/groups',
      summary: 'Assign a policy to exactly these groups',
      params: policyParams,
      body: policyGroups,
      response: policyView,
      async handler({ params, body, caller, scope, demand, ...confirmation }) {
        await requireNewGroups(ports, { id: params.id, groups: body.groups }, { scope, demand });
        await authorizeChange(confirmation, params.id, body);
        return policies.assign(params.id, body.groups, caller.account.id);
      },
    }),
    route({
      name: 'policies.order',
      method: 'post',
      path: '/policy-order',
      summary: 'Set the order of precedence of all policies',
      body: policyOrder,
      response: policyList,
      async handler({ body, caller, authorize }) {
        await authorize((await policies.anyMayWipe()) ? 'policy.apply-wipe' : 'policy.apply', []);
        return { policies: await policies.order(body.policies, caller.account.id) };
      },
    }),
    route({
      name: 'policies.delete',
      method: 'delete',
      path: '/policies/:id',
      summary: 'Delete a policy that is assigned to no group',
      params: policyParams,
      response: done,
      async handler({ params, caller }) {
        await policies.remove(params.id, caller.account.id);
        return DONE;
      },
    }),
  ];
}
