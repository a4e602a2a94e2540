import type { z } from 'zod';
import {
  groupChange,
  groupDetail,
  groupFacts,
  groupList,
  groupParams,
  groupPreview,
  groupTrust,
  groupView,
  memberChange,
  newGroup,
  previewRequest,
} from '../../shared/api/groups.ts';
import { DONE, done } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import type { Devices } from '../devices/devices.ts';
import { groupInScope, requireInScope, type Scope } from '../devices/scope.ts';
import { FUNCTIONS, type GroupMembers } from '../groups/groups.ts';
import type { LocationStatements } from '../orders/impact/location-statements.ts';
import { definedFields } from './defined-fields.ts';
import type { FilterRights } from './filter-rights.ts';
import { requireNoEffect } from './no-effect.ts';
import { Reply, type Route, route } from './route.ts';

export interface GroupsPorts {
  readonly devices: Pick<
    Devices,
    'groups' | 'getGroup' | 'createGroup' | 'updateGroup' | 'deleteGroup' | 'placementsOf' | 'get' | 'select' | 'names'
  >;
  readonly groupMembers: Pick<
    GroupMembers,
    | 'facts'
    | 'preview'
    | 'uses'
    | 'createDynamic'
    | 'requireExpression'
    | 'expressionChanged'
    | 'setTrusted'
    | 'changeMembers'
  >;
  readonly filterRights: Pick<FilterRights, 'require'>;
  readonly orders: { readonly statements: Pick<LocationStatements, 'placements'> };
}

export function groupRoutes(ports: GroupsPorts): Route[] {
  return [...recordRoutes(ports), ...memberRoutes(ports)];
}

function recordRoutes({ devices, orders, groupMembers, filterRights }: GroupsPorts): Route[] {
  /**
   * Throws `conflict` if the change of the group alters the verdict for one of its devices. A second person must confirm such a change on
   * the device's own page.
   */
  async function requireSameVerdicts(id: GroupId, change: z.output<typeof groupChange>): Promise<void> {
    if (change.home === undefined && change.seat === undefined) return;
    const group = await devices.getGroup(id);
    const { home = group.home, seat = group.seat } = change;
    const changes = (await devices.placementsOf(id)).map(({ device, statement, ...own }) => ({
      device,
      present: { statement, home: own.home ?? group.home, seat: own.seat ?? group.seat },
      placement: { statement, home: own.home ?? home, seat: own.seat ?? seat },
    }));
    await requireNoEffect(orders.statements, changes, (numbers, count) => {
      const detail = `The change would alter the effect of order ${numbers.join(' and order ')} on ${count} ${count === 1 ? 'device' : 'devices'} of this group. Set the home or seat of those devices instead: a second person confirms it.`;
      return new CordonError('conflict', detail, { group: id, orders: numbers, devices: count });
    });
  }

  return [
    route({
      name: 'groups.list',
      method: 'get',
      path: '/groups',
      summary: "List the groups within the caller's scope",
      response: groupList,
      async handler({ scope }) {
        const groups = await devices.groups();
        return { groups: groups.filter((group) => groupInScope(scope.devices, group)) };
      },
    }),
    route({
      name: 'groups.show',
      method: 'get',
      path: '/groups/:id',
      summary: 'Show a group and the records that use it',
      params: groupParams,
      response: groupDetail,
      async handler({ params, scope }) {
        const group = await devices.getGroup(params.id);
        if (!groupInScope(scope.devices, group))
          throw new CordonError('out_of_scope', 'Your role does not include this group.', { group: group.id });
        const uses = await groupMembers.uses(group.id);
        // Names are removed if the caller may not see them, because they may be of people and devices outside the caller's scope.
        return { ...group, uses: scope.devices === null ? uses : uses.map((use) => ({ ...use, names: [] })) };
      },
    }),
    route({
      name: 'groups.create',
      method: 'post',
      path: '/groups',
      summary: 'Create a group',
      body: newGroup,
      response: groupView,
      statuses: [201],
      async handler({ body: { expression, ...group }, scope, demand }) {
        if (expression === null) return new Reply(await devices.createGroup(group), { status: 201 });
        if (group.home !== null || group.seat !== null || group.mailPrograms) {
          const detail = 'A dynamic group has no home area, legal seat or mail rule. Leave them out.';
          throw new CordonError('invalid_input', detail, { field: 'expression' });
        }
        await filterRights.require({ expression }, scope.devices, demand);
        const id = await groupMembers.createDynamic(group.name, expression);
        return new Reply(await devices.getGroup(id), { status: 201 });
      },
    }),
    route({
      name: 'groups.update',
      method: 'patch',
      path: '/groups/:id',
      summary: "Change a group's name, default home and seat, rule for mail programs, or expression",
      params: groupParams,
      body: groupChange,
      response: groupView,
      async handler({ params, body, scope, demand }) {
        const change = definedFields(body);
        if (change.expression !== undefined) {
          groupMembers.requireExpression(change.expression);
          await filterRights.require({ expression: change.expression }, scope.devices, demand);
        }
        await requireSameVerdicts(params.id, change);
        const group = await devices.updateGroup(params.id, change);
        if (change.expression !== undefined) groupMembers.expressionChanged();
        return group;
      },
    }),
    route({
      name: 'groups.delete',
      method: 'delete',
      path: '/groups/:id',
      summary: 'Delete a group that nothing uses',
      params: groupParams,
      response: done,
      async handler({ params }) {
        await devices.deleteGroup(params.id);
        return DONE;
      },
    }),
  ];
}

function memberRoutes({ devices, groupMembers, filterRights }: GroupsPorts): Route[] {
  /** After the removal, the devices must remain in the admin's scope. Otherwise the admin could not reverse the change. */
  async function requireRemaining(ids: readonly DeviceId[], left: GroupId, scope: Scope): Promise<void> {
    if (scope === null) return;
    for (const device of await devices.names(ids)) {
      requireInScope(scope, { groups: device.groups.filter((group) => group !== left), home: device.home });
    }
  }

  return [
    route({
      name: 'groups.facts',
      method: 'get',
      path: '/group-facts',
      summary: 'List the facts and functions for expressions of dynamic groups',
      response: groupFacts,
      handler: async () => ({ facts: groupMembers.facts, functions: [...FUNCTIONS] }),
    }),
    route({
      name: 'groups.preview',
      method: 'post',
      path: '/group-preview',
      summary: "Check an expression, and count the devices within the caller's scope that match it",
      body: previewRequest,
      response: groupPreview,
      async handler({ body, scope, demand }) {
        await filterRights.require({ expression: body.expression }, scope.devices, demand);
        const preview = await groupMembers.preview(body.expression, scope.devices);
        const examples = await devices.names(preview.examples);
        return { ...preview, examples: examples.map(({ id, user, hostname }) => ({ id, user, hostname })) };
      },
    }),
    route({
      name: 'groups.change-members',
      method: 'patch',
      path: '/groups/:id/members',
      summary: 'Add devices to a static group, or remove them',
      params: groupParams,
      body: memberChange,
      response: done,
      async handler({ params, body: { add, remove }, scope }) {
        const group = await devices.getGroup(params.id);
        if (!groupInScope(scope.devices, group))
          throw new CordonError('out_of_scope', 'Your role does not include this group.', { group: group.id });
        await devices.select([...add, ...remove], scope.devices);
        await requireKnown(add, devices);
        await requireRemaining(remove, group.id, scope.devices);
        await groupMembers.changeMembers(group.id, add, remove);
        return DONE;
      },
    }),
    route({
      name: 'groups.trust',
      method: 'post',
      path: '/groups/:id/trust',
      summary: 'Allow roles and order exemptions to use a dynamic group, or withdraw this',
      params: groupParams,
      body: groupTrust,
      response: groupView,
      async handler({ params, body }) {
        await groupMembers.setTrusted(params.id, body.trusted);
        return devices.getGroup(params.id);
      },
    }),
  ];
}

/** Throws `not_found` if no device has the id. */
async function requireKnown(ids: readonly DeviceId[], devices: Pick<Devices, 'names'>): Promise<void> {
  const known = new Set((await devices.names(ids)).map(({ id }) => id));
  const unknown = ids.find((id) => !known.has(id));
  if (unknown) throw new CordonError('not_found', `There is no device ${unknown}.`, { device: unknown });
}
