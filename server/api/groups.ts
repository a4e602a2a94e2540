/** Groups of devices. */

import { groupChange, groupList, groupParams, groupView, newGroup } from '../../shared/api/groups.ts';
import { DONE, done } from '../../shared/api/wire.ts';
import type { Devices } from '../devices/devices.ts';
import { groupInScope } from '../devices/scope.ts';
import { Reply, type Route, route } from './route.ts';
import { withoutUndefined } from './without-undefined.ts';

export type GroupsPort = Pick<Devices, 'groups' | 'createGroup' | 'updateGroup' | 'deleteGroup'>;

export function groupRoutes(devices: GroupsPort): Route[] {
  return [
    route({
      name: 'groups.list',
      method: 'get',
      path: '/groups',
      summary: "The groups that one's role reaches",
      response: groupList,
      async handler({ reach }) {
        const groups = await devices.groups();
        return { groups: groups.filter((group) => groupInScope(reach.devices, group)) };
      },
    }),
    route({
      name: 'groups.create',
      method: 'post',
      path: '/groups',
      summary: 'Make a group',
      body: newGroup,
      response: groupView,
      statuses: [201],
      handler: async ({ body }) => new Reply(await devices.createGroup(body), { status: 201 }),
    }),
    route({
      name: 'groups.update',
      method: 'patch',
      path: '/groups/:id',
      summary: 'Change its name, or the home and seat of devices that have none of their own',
      params: groupParams,
      body: groupChange,
      response: groupView,
      handler: ({ params, body }) => devices.updateGroup(params.id, withoutUndefined(body)),
    }),
    route({
      name: 'groups.delete',
      method: 'delete',
      path: '/groups/:id',
      summary: 'Remove a group that holds no device and no activation code',
      params: groupParams,
      response: done,
      async handler({ params }) {
        await devices.deleteGroup(params.id);
        return DONE;
      },
    }),
  ];
}
