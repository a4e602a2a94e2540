/** What an order would do and how far it has come: for whoever writes one, signs one or watches one. */
import {
  impactFilter,
  impactNames,
  impactQuery,
  impactView,
  orderDraft,
  orderExit,
  orderParams,
  orderPreview,
  orderProgress,
  orderWarnings,
  PROPOSAL_DEFAULTS,
  revisionParams,
} from '../../shared/api/orders.ts';
import { nothing } from '../../shared/api/wire.ts';
import { placesReached } from '../../shared/order/order-areas.ts';
import { requireAreas } from '../admins/roles.ts';
import type { Orders } from '../orders/orders.ts';
import { impactCsv } from './impact-csv.ts';
import { gathered, madeFile } from './made-file.ts';
import { type Route, route } from './route.ts';

const CSV = 'text/csv; charset=utf-8';

export type OrderForesightPort = Pick<
  Orders,
  'get' | 'preview' | 'considered' | 'impact' | 'impactListing' | 'impactNames' | 'warnings' | 'progress' | 'exit'
>;

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
        return orders.preview(draft, (places) => requireAreas(reach, places));
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
        const { revision, places } = await orders.considered(params.number, query);
        requireAreas(reach, places);
        return orders.impact(params.number, revision, query);
      },
    }),
    route({
      name: 'orders.impact-csv',
      method: 'get',
      path: '/orders/:number/impact.csv',
      summary: 'The same as a table, whole, by handle',
      params: orderParams,
      query: impactFilter,
      response: nothing,
      raw: 'download',
      async handler({ params, query, reach }) {
        const { revision, places } = await orders.considered(params.number, query);
        requireAreas(reach, places);
        const listing = await orders.impactListing(params.number, revision, query);
        return madeFile(`${params.number}-${revision}-rehearsal.csv`, CSV, gathered(impactCsv(listing)));
      },
    }),
    route({
      name: 'orders.impact-names',
      method: 'post',
      path: '/orders/:number/impact/names',
      summary: 'The names behind the handles, sealed with age to a named recipient; making it is in the ledger',
      params: orderParams,
      body: impactNames,
      response: nothing,
      raw: 'download',
      async handler({ params, body, reach, caller }) {
        const { revision, places } = await orders.considered(params.number, body);
        requireAreas(reach, places);
        const request = { recipient: body.recipient, by: caller.account.id };
        const { bytes } = await orders.impactNames(params.number, revision, body, request);
        return madeFile(`${params.number}-${revision}-names.csv.age`, 'application/octet-stream', [bytes]);
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
        const { revision, places } = await orders.considered(params.number, { revision: params.revision });
        requireAreas(reach, places);
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
        requireAreas(reach, placesReached(terms));
        return orders.progress(params.number);
      },
    }),
    route({
      name: 'orders.exit',
      method: 'get',
      path: '/orders/:number/exit',
      summary: 'What an exit has come to: who has wiped themselves, what was destroyed, what is kept',
      params: orderParams,
      response: orderExit,
      async handler({ params, reach }) {
        const { terms } = await orders.get(params.number);
        requireAreas(reach, placesReached(terms));
        return { exit: await orders.exit(params.number) };
      },
    }),
  ];
}
