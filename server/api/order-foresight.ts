/** What an order would do and how far it has come: for whoever writes one, signs one or watches one. */
import {
  impactQuery,
  impactView,
  orderDraft,
  orderParams,
  orderPreview,
  orderProgress,
  orderWarnings,
  PROPOSAL_DEFAULTS,
  revisionParams,
} from '../../shared/api/orders.ts';
import { parseArea } from '../../shared/areas/area-code.ts';
import { requireAreas } from '../admins/roles.ts';
import type { Orders } from '../orders/orders.ts';
import { type Route, route } from './route.ts';

export type OrderForesightPort = Pick<Orders, 'get' | 'preview' | 'considered' | 'impact' | 'warnings' | 'progress'>;

export function orderForesightRoutes(orders: OrderForesightPort): Route[] {
  return [
    route({
      name: 'orders.preview',
      method: 'post',
      path: '/orders/preview',
      summary: 'Check an order or a revision as far as it is written; nothing is stored',
      body: orderDraft,
      response: orderPreview,
      handler: ({ body, reach }) => {
        const draft = body.act === 'propose' ? { ...PROPOSAL_DEFAULTS, ...body } : body;
        return orders.preview(draft, (area) => requireAreas(reach, [area]));
      },
    }),
    route({
      name: 'orders.impact',
      method: 'get',
      path: '/orders/:number/impact',
      summary: 'Who is affected, now or at the effective time, by handle; `limit=0` gives the counts alone',
      params: orderParams,
      query: impactQuery,
      response: impactView,
      async handler({ params, query, reach }) {
        const { revision, terms } = await orders.considered(params.number, query.revision);
        requireAreas(reach, terms.areas.map(parseArea));
        return orders.impact(params.number, revision, query);
      },
    }),
    route({
      name: 'orders.warnings',
      method: 'get',
      path: '/orders/:number/revisions/:revision/warnings',
      summary: 'What to know in red before signing a revision: the same that its author was shown',
      params: revisionParams,
      response: orderWarnings,
      async handler({ params, reach }) {
        const { revision, terms } = await orders.considered(params.number, params.revision);
        requireAreas(reach, terms.areas.map(parseArea));
        return { warnings: await orders.warnings(params.number, revision) };
      },
    }),
    route({
      name: 'orders.progress',
      method: 'get',
      path: '/orders/:number/progress',
      summary: "How far the adopted revision has come, by devices' signed words",
      params: orderParams,
      response: orderProgress,
      async handler({ params, reach }) {
        const { terms } = await orders.get(params.number);
        requireAreas(reach, terms.areas.map(parseArea));
        return orders.progress(params.number);
      },
    }),
  ];
}
