import type { z } from 'zod';
import { groupChange, groupList, groupParams, groupView, newGroup } from '../../shared/api/groups.ts';
import { DONE, done } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import type { GroupId } from '../../shared/protocol/ids.ts';
import type { Devices } from '../devices/devices.ts';
import { groupInScope } from '../devices/scope.ts';
import type { LocationStatements } from '../orders/impact/location-statements.ts';
import { definedFields } from './defined-fields.ts';
import { requireNoEffect } from './no-effect.ts';
import { Reply, type Route, route } from './route.ts';

export interface GroupsPorts {
  readonly devices: Pick<
    Devices,
    'groups' | 'getGroup' | 'createGroup' | 'updateGroup' | 'deleteGroup' | 'placementsOf'
  >;
  readonly orders: { readonly statements: Pick<LocationStatements, 'placements'> };
}

export function groupRoutes({ devices, orders }: GroupsPorts): Route[] {
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
      name: 'groups.create',
      method: 'post',
      path: '/groups',
      summary: 'Create a group',
      body: newGroup,
      response: groupView,
      statuses: [201],
      handler: async ({ body }) => new Reply(await devices.createGroup(body), { status: 201 }),
    }),
    route({
      name: 'groups.update',
      method: 'patch',
      path: '/groups/:id',
      summary: 'Change the name, the default home and seat of devices, or the rule for mail programs',
      params: groupParams,
      body: groupChange,
      response: groupView,
      async handler({ params, body }) {
        const change = definedFields(body);
        await requireSameVerdicts(params.id, change);
        return devices.updateGroup(params.id, change);
      },
    }),
    route({
      name: 'groups.delete',
      method: 'delete',
      path: '/groups/:id',
      summary: 'Delete a group without devices and activation codes',
      params: groupParams,
      response: done,
      async handler({ params }) {
        await devices.deleteGroup(params.id);
        return DONE;
      },
    }),
  ];
}
