/** Orders. What is decided here takes the keys of two people that the server does not hold; this file only carries it. */
import {
  affectedView,
  approvalBody,
  approvalResult,
  exemptionList,
  orderAct,
  orderList,
  orderParams,
  orderProposal,
  orderView,
  receiptList,
  revisionParams,
  revisionView,
} from '../../shared/api/orders.ts';
import { placesReached } from '../../shared/order/order-areas.ts';
import type { Admins } from '../admins/admins.ts';
import { requireAreas } from '../admins/roles.ts';
import type { Orders } from '../orders/orders.ts';
import { Reply, type Route, route } from './route.ts';

export type OrdersPort = Pick<
  Orders,
  | 'list'
  | 'get'
  | 'revision'
  | 'propose'
  | 'act'
  | 'approve'
  | 'considered'
  | 'affected'
  | 'exemptions'
  | 'receipts'
  | 'placesNamed'
>;

export interface OrdersPorts {
  readonly orders: OrdersPort;
  readonly admins: Pick<Admins, 'namesOf'>;
}

export function orderRoutes({ orders, admins }: OrdersPorts): Route[] {
  return [
    route({
      name: 'orders.list',
      method: 'get',
      path: '/orders',
      summary: 'All orders as they stand',
      response: orderList,
      handler: async () => ({ orders: await orders.list() }),
    }),
    route({
      name: 'orders.propose',
      method: 'post',
      path: '/orders',
      summary: 'Propose an order; nothing comes of it before two other people have signed it',
      body: orderProposal,
      response: revisionView,
      statuses: [201],
      async handler({ body, reach, caller }) {
        requireAreas(reach, await orders.placesNamed(body.areas));
        return new Reply(await orders.propose(caller.account.person, body), { status: 201 });
      },
    }),
    route({
      name: 'orders.show',
      method: 'get',
      path: '/orders/:number',
      summary: 'An order with its revisions',
      params: orderParams,
      response: orderView,
      async handler({ params }) {
        const order = await orders.get(params.number);
        const people = order.revisions.flatMap((one) => [one.proposer, ...one.approvals.map(({ person }) => person)]);
        return { ...order, people: await admins.namesOf(new Set(people)) };
      },
    }),
    route({
      name: 'orders.act',
      method: 'post',
      path: '/orders/:number/revisions',
      summary: 'Propose the next revision: revise, extend, hold, release or withdraw',
      params: orderParams,
      body: orderAct,
      response: revisionView,
      statuses: [201],
      async handler({ params, body, reach, caller }) {
        const { terms } = await orders.get(params.number);
        requireAreas(reach, [...placesReached(terms), ...(await orders.placesNamed(body.areas ?? []))]);
        return new Reply(await orders.act(caller.account.person, params.number, body), { status: 201 });
      },
    }),
    route({
      name: 'orders.revision',
      method: 'get',
      path: '/orders/:number/revisions/:revision',
      summary: 'The exact text that approvers sign, and its SHA-256',
      params: revisionParams,
      response: revisionView,
      handler: ({ params }) => orders.revision(params.number, params.revision),
    }),
    route({
      name: 'orders.approve',
      method: 'post',
      path: '/orders/:number/revisions/:revision/approvals',
      summary: 'Add an approval: a signature by a key of the root over the exact text',
      params: revisionParams,
      body: approvalBody,
      response: approvalResult,
      statuses: [200, 202],
      async handler({ params, body, reach, caller }) {
        const { places } = await orders.considered(params.number, { revision: params.revision });
        requireAreas(reach, places);
        const result = await orders.approve(caller.account.person, params.number, params.revision, body);
        return new Reply(result, { status: result.adopted ? 200 : 202 });
      },
    }),
    route({
      name: 'orders.affected',
      method: 'get',
      path: '/orders/:number/affected',
      summary: 'The devices that the order denies something, by handle',
      params: orderParams,
      response: affectedView,
      async handler({ params, reach }) {
        // The areas of the revision that is rehearsed: those of the adopted one may be fewer.
        const { revision, places } = await orders.considered(params.number);
        requireAreas(reach, places);
        return { devices: await orders.affected(params.number, revision) };
      },
    }),
    route({
      name: 'orders.exemptions',
      method: 'get',
      path: '/orders/:number/revisions/:revision/exemptions',
      summary: 'Whom a revision exempts, until when, why, and by whose word',
      params: revisionParams,
      response: exemptionList,
      async handler({ params, reach }) {
        const { number, revision } = params;
        const { places } = await orders.considered(number, { revision });
        requireAreas(reach, places);
        const exemptions = await orders.exemptions(number, revision);
        const people = exemptions.flatMap(({ askedBy, approvedBy }) => [askedBy, ...approvedBy]);
        return {
          revision,
          exemptions: exemptions.map((each) => ({ ...each, approvedBy: [...each.approvedBy] })),
          people: await admins.namesOf(new Set(people)),
        };
      },
    }),
    route({
      name: 'orders.receipts',
      method: 'get',
      path: '/orders/:number/receipts',
      summary: "Devices' signed words on the order",
      params: orderParams,
      response: receiptList,
      async handler({ params, reach }) {
        const { adoptedRevision, latestRevision } = await orders.get(params.number);
        const asked = { revision: adoptedRevision ?? latestRevision, life: true };
        requireAreas(reach, (await orders.considered(params.number, asked)).places);
        const stored = await orders.receipts(params.number);
        return { receipts: stored.map(({ device, generation, receipt }) => ({ ...receipt, device, generation })) };
      },
    }),
  ];
}
