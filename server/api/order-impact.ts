import { impactFilter, impactNames, impactQuery, impactView } from '../../shared/api/order-impact.ts';
import { orderPreview, orderWarnings } from '../../shared/api/order-preview.ts';
import { orderDraft, PROPOSAL_DEFAULTS } from '../../shared/api/order-proposals.ts';
import { orderExit } from '../../shared/api/order-rollout.ts';
import { orderParams, revisionParams } from '../../shared/api/orders.ts';
import { nothing } from '../../shared/api/wire.ts';
import { locationsOfOrder } from '../../shared/order/order-areas.ts';
import { requireAreas } from '../admins/roles.ts';
import type { Adoption } from '../orders/adoption/adoption.ts';
import type { Evidence } from '../orders/evidence/evidence.ts';
import type { Exits } from '../orders/exit/exits.ts';
import type { Impact } from '../orders/impact/impact.ts';
import { blocksOf, CSV, generatedFile } from './generated-file.ts';
import { impactCsv } from './impact-csv.ts';
import { describedRollout } from './rollout-schema.ts';
import { type Route, route } from './route.ts';

export interface OrderImpactPort {
  readonly adoption: Pick<Adoption, 'get' | 'scope'>;
  readonly impact: Pick<Impact, 'preview' | 'page' | 'listing' | 'names' | 'warnings'>;
  readonly evidence: Pick<Evidence, 'rollout'>;
  readonly exit: Pick<Exits, 'progress'>;
}

export function orderImpactRoutes(ports: OrderImpactPort): Route[] {
  return [...previewRoutes(ports), ...progressRoutes(ports)];
}

function previewRoutes(orders: Pick<OrderImpactPort, 'adoption' | 'impact'>): Route[] {
  return [
    route({
      name: 'orders.preview',
      method: 'post',
      path: '/orders/preview',
      summary: 'Check a draft of an order or revision. Nothing is stored',
      body: orderDraft,
      response: orderPreview,
      handler: ({ body, scope, demand }) => {
        // The counts depend on the areas of the draft, so they tell where devices are.
        demand('devices.evidence');
        const draft = body.action === 'propose' ? { ...PROPOSAL_DEFAULTS, ...body } : body;
        return orders.impact.preview(draft, (locations) => requireAreas(scope, locations));
      },
    }),
    route({
      name: 'orders.impact',
      method: 'get',
      path: '/orders/:number/impact',
      summary: 'Preview the impact of a revision. `limit=0` returns only the counts',
      params: orderParams,
      query: impactQuery,
      response: impactView,
      async handler({ params, query, scope, demand }) {
        demand('devices.evidence');
        const { revision, locations } = await orders.adoption.scope(params.number, query);
        requireAreas(scope, locations);
        return orders.impact.page(params.number, revision, query);
      },
    }),
    route({
      name: 'orders.impact-csv',
      method: 'get',
      path: '/orders/:number/impact.csv',
      summary: 'Download the impact preview as CSV',
      params: orderParams,
      query: impactFilter,
      response: nothing,
      raw: 'download',
      async handler({ params, query, scope, demand }) {
        demand('devices.evidence');
        const { revision, locations } = await orders.adoption.scope(params.number, query);
        requireAreas(scope, locations);
        const listing = await orders.impact.listing(params.number, revision, query);
        return generatedFile(`${params.number}-${revision}-rehearsal.csv`, CSV, blocksOf(impactCsv(listing)));
      },
    }),
    route({
      name: 'orders.impact-names',
      method: 'post',
      path: '/orders/:number/impact/names',
      summary: 'Download the names of affected users, encrypted for a recipient',
      params: orderParams,
      body: impactNames,
      response: nothing,
      raw: 'download',
      async handler({ params, body, scope, caller }) {
        const { revision, locations } = await orders.adoption.scope(params.number, body);
        requireAreas(scope, locations);
        const request = { recipient: body.recipient, by: caller.account.id };
        const { bytes } = await orders.impact.names(params.number, revision, body, request);
        return generatedFile(`${params.number}-${revision}-names.csv.age`, 'application/octet-stream', [bytes]);
      },
    }),
    route({
      name: 'orders.warnings',
      method: 'get',
      path: '/orders/:number/revisions/:revision/warnings',
      summary: 'List the warnings about a revision',
      params: revisionParams,
      response: orderWarnings,
      async handler({ params, scope }) {
        const { revision, locations } = await orders.adoption.scope(params.number, { revision: params.revision });
        requireAreas(scope, locations);
        return { warnings: await orders.impact.warnings(params.number, revision) };
      },
    }),
  ];
}

function progressRoutes(orders: Pick<OrderImpactPort, 'adoption' | 'evidence' | 'exit'>): Route[] {
  return [
    route({
      name: 'orders.rollout',
      method: 'get',
      path: '/orders/:number/rollout',
      summary: 'Show the rollout of the adopted revision by device state',
      params: orderParams,
      response: describedRollout,
      async handler({ params, scope }) {
        const { terms } = await orders.adoption.get(params.number);
        requireAreas(scope, locationsOfOrder(terms));
        return orders.evidence.rollout(params.number);
      },
    }),
    route({
      name: 'orders.exit',
      method: 'get',
      path: '/orders/:number/exit',
      summary: 'Show the progress of an exit',
      params: orderParams,
      response: orderExit,
      async handler({ params, scope }) {
        const { terms } = await orders.adoption.get(params.number);
        requireAreas(scope, locationsOfOrder(terms));
        return { exit: await orders.exit.progress(params.number) };
      },
    }),
  ];
}
