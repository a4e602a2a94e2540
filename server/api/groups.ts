/** Groups of devices. */

import { groupList, groupView, newGroup } from '../../shared/api/groups.ts';
import type { AreaCode } from '../../shared/areas/area-code.ts';
import type { GroupId } from '../../shared/protocol/ids.ts';
import { Reply, type Route, route } from './route.ts';

interface Group {
  readonly id: GroupId;
  readonly name: string;
  readonly home: AreaCode | null;
  readonly seat: AreaCode | null;
  readonly createdAt: number;
}

export interface GroupsPort {
  groups(): Promise<Group[]>;
  createGroup(group: { name: string; home: AreaCode | null; seat: AreaCode | null }): Promise<Group>;
}

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
        return { groups: groups.filter(({ id }) => reach.devices === null || reach.devices.groups.includes(id)) };
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
  ];
}
