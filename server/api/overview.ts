import { overviewView } from '../../shared/api/overview.ts';
import { parseScopeArea } from '../../shared/areas/area-code.ts';
import { isAllowed, requireAreas } from '../admins/roles.ts';
import type { createOverview } from '../overview/overview.ts';
import { locatedBy, type Route, route } from './route.ts';

export type OverviewPort = ReturnType<typeof createOverview>;

export function overviewRoutes(overview: OverviewPort): Route[] {
  return [
    route({
      name: 'overview.show',
      method: 'get',
      path: '/overview',
      summary: 'Show the fleet, pending approvals and health issues',
      response: overviewView,
      handler: ({ caller, scope, demand }) =>
        overview({
          person: caller.account.person,
          scope: scope.devices,
          located: locatedBy(demand),
          approves: (areas) => isAllowed(() => requireAreas(demand('orders.approve'), areas.map(parseScopeArea))),
          mayAnswer: (areas) => isAllowed(() => requireAreas(demand('orders.record'), areas.map(parseScopeArea))),
          signs: isAllowed(() => demand('approvers.sign')),
          setsUp: isAllowed(() => demand('accounts.create')),
        }),
    }),
  ];
}
