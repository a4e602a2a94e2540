/** The fleet at a glance, as far as the caller's role reaches. */
import { overviewView } from '../../shared/api/overview.ts';
import { parseArea } from '../../shared/areas/area-code.ts';
import { isAllowed, requireAreas } from '../admins/roles.ts';
import type { createOverview } from '../overview/overview.ts';
import { type Route, route } from './route.ts';

export type OverviewPort = ReturnType<typeof createOverview>;

export function overviewRoutes(overview: OverviewPort): Route[] {
  return [
    route({
      name: 'overview.show',
      method: 'get',
      path: '/overview',
      summary: 'The fleet at a glance: where it is, what waits for whom, what is unwell',
      response: overviewView,
      handler: ({ caller, reach, demand }) =>
        overview({
          person: caller.account.person,
          scope: reach.devices,
          approves: (areas) => isAllowed(() => requireAreas(demand('orders.approve'), areas.map(parseArea))),
          signs: isAllowed(() => demand('approvers.sign')),
        }),
    }),
  ];
}
