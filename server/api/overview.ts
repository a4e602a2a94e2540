/** The fleet at a glance, as far as the caller's role reaches. */
import { overviewView } from '../../shared/api/overview.ts';
import { parseArea } from '../../shared/areas/area-code.ts';
import { isCordonError } from '../../shared/errors.ts';
import { requireAreas } from '../admins/roles.ts';
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
          approves: (areas) => may(() => requireAreas(demand('orders.approve'), areas.map(parseArea))),
          signs: may(() => demand('approvers.sign')),
        }),
    }),
  ];
}

function may(ask: () => unknown): boolean {
  try {
    ask();
    return true;
  } catch (error) {
    if (isCordonError(error, 'forbidden') || isCordonError(error, 'out_of_scope')) return false;
    throw error;
  }
}
