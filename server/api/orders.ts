/** Routes for orders. An order takes effect only with signatures by two people's keys, and the server has neither key. */

import {
  affectedView,
  exemptionList,
  receiptList,
  receiptQuery,
  statementList,
} from '../../shared/api/affected-devices.ts';
import { approvalBody, approvalResult, declineBody } from '../../shared/api/order-approvals.ts';
import { orderAction, orderProposal } from '../../shared/api/order-proposals.ts';
import { readingList } from '../../shared/api/order-readings.ts';
import {
  orderList,
  orderParams,
  orderView,
  proceedingsView,
  revisionParams,
  revisionView,
} from '../../shared/api/orders.ts';
import type { HomeArea } from '../../shared/areas/area-code.ts';
import { locationsOfOrder } from '../../shared/order/order-areas.ts';
import { proceedingSchema } from '../../shared/order/proceedings.ts';
import type { Admins } from '../admins/admins.ts';
import { requireAreas } from '../admins/roles.ts';
import type { Adoption } from '../orders/adoption/adoption.ts';
import { listedOrder, visibleOrder } from '../orders/adoption/order-visibility.ts';
import type { Drafting } from '../orders/drafting/drafting.ts';
import type { Evidence } from '../orders/evidence/evidence.ts';
import type { Proceedings } from '../orders/evidence/proceedings.ts';
import type { Receipts } from '../orders/evidence/receipts.ts';
import type { Impact } from '../orders/impact/impact.ts';
import type { LocationStatements } from '../orders/impact/location-statements.ts';
import { Reply, type Route, route } from './route.ts';

export interface OrdersPort {
  readonly drafting: Pick<
    Drafting,
    'propose' | 'proposeAction' | 'retract' | 'decline' | 'confirmReplacement' | 'exemptions' | 'locationsNamed'
  >;
  readonly adoption: Pick<Adoption, 'approve' | 'get' | 'list' | 'revision' | 'scope'>;
  readonly impact: Pick<Impact, 'affected'>;
  readonly statements: Pick<LocationStatements, 'overriding' | 'locationChanges'>;
  readonly receipts: Pick<Receipts, 'ofOrder'>;
  readonly evidence: Pick<Evidence, 'readings'>;
  readonly proceedings: Pick<Proceedings, 'record'>;
}

export interface OrdersPorts {
  readonly orders: OrdersPort;
  readonly admins: Pick<Admins, 'namesOf' | 'approverKeySigned'>;
}

export function orderRoutes(ports: OrdersPorts): Route[] {
  return [...viewRoutes(ports), ...proposalRoutes(ports), ...approvalRoutes(ports), ...effectRoutes(ports)];
}

function viewRoutes({ orders, admins }: OrdersPorts): Route[] {
  return [
    route({
      name: 'orders.list',
      method: 'get',
      path: '/orders',
      summary: 'List orders',
      response: orderList,
      handler: async () => ({ orders: (await orders.adoption.list()).map(listedOrder) }),
    }),
    route({
      name: 'orders.show',
      method: 'get',
      path: '/orders/:number',
      summary: 'Show an order with its revisions',
      params: orderParams,
      response: orderView,
      async handler({ params, readOrder }) {
        const order = await orders.adoption.get(params.number);
        const shown = visibleOrder(order, await readOrder(params.number));
        const people = shown.revisions
          .flatMap((one) => [one.proposer, one.endedBy, ...one.approvals.map(({ person }) => person)])
          .filter((each) => each !== null);
        if ('proceedings' in shown) people.push(...shown.proceedings.records.map(({ recordedBy }) => recordedBy));
        return { ...shown, people: await admins.namesOf(new Set(people)) };
      },
    }),
    route({
      name: 'orders.revision',
      method: 'get',
      path: '/orders/:number/revisions/:revision',
      summary: 'Show the text that approvers sign, and its SHA-256',
      params: revisionParams,
      response: revisionView,
      handler: ({ params }) => orders.adoption.revision(params.number, params.revision),
    }),
    route({
      name: 'orders.readings',
      method: 'get',
      path: '/orders/:number/readings',
      summary: 'List who read the text of a withheld order',
      params: orderParams,
      response: readingList,
      async handler({ params, scope }) {
        requireAreas(scope, (await orders.adoption.scope(params.number, { life: true })).locations);
        const readings = await orders.evidence.readings(params.number);
        return { readings, people: await admins.namesOf(new Set(readings.map(({ account }) => account))) };
      },
    }),
  ];
}

function proposalRoutes({ orders }: Pick<OrdersPorts, 'orders'>): Route[] {
  return [
    route({
      name: 'orders.propose',
      method: 'post',
      path: '/orders',
      summary: 'Propose an order. Two other people must approve it',
      body: orderProposal,
      response: revisionView,
      statuses: [201],
      async handler({ body, scope, caller }) {
        requireAreas(scope, await orders.drafting.locationsNamed(body.areas));
        return new Reply(await orders.drafting.propose(caller.account.person, body), { status: 201 });
      },
    }),
    route({
      name: 'orders.revise',
      method: 'post',
      path: '/orders/:number/revisions',
      summary: 'Propose the next revision: revise, extend, pause, resume, exit or withdraw',
      params: orderParams,
      body: orderAction,
      response: revisionView,
      statuses: [201],
      async handler({ params, body, scope, caller }) {
        const { terms } = await orders.adoption.get(params.number);
        const named = await orders.drafting.locationsNamed(body.areas ?? []);
        requireAreas(scope, [
          ...locationsOfOrder(terms),
          ...named,
          ...(await locationsOfOrderNumber(orders.adoption, params.number)),
        ]);
        return new Reply(await orders.drafting.proposeAction(caller.account.person, params.number, body), {
          status: 201,
        });
      },
    }),
    route({
      name: 'orders.retract',
      method: 'post',
      path: '/orders/:number/revisions/:revision/retraction',
      summary: 'Retract your own pending proposal',
      params: revisionParams,
      response: revisionView,
      async handler({ params, scope, caller }) {
        const { locations } = await orders.adoption.scope(params.number, { revision: params.revision });
        requireAreas(scope, locations);
        return orders.drafting.retract(caller.account.person, params.number, params.revision);
      },
    }),
    route({
      name: 'orders.confirm-replacement',
      method: 'post',
      path: '/orders/:number/revisions/:revision/replacement',
      summary: 'Confirm as a second person that a proposal replaces the pending one',
      params: revisionParams,
      response: revisionView,
      async handler({ params, scope, caller }) {
        requireAreas(scope, await locationsOfOrderNumber(orders.adoption, params.number, params.revision));
        return orders.drafting.confirmReplacement(caller.account.person, params.number, params.revision);
      },
    }),
  ];
}

function approvalRoutes({ orders, admins }: OrdersPorts): Route[] {
  return [
    route({
      name: 'orders.approve',
      method: 'post',
      path: '/orders/:number/revisions/:revision/approvals',
      summary: 'Approve a revision with a signature over its exact text',
      params: revisionParams,
      body: approvalBody,
      response: approvalResult,
      statuses: [200, 202],
      async handler({ params, body, scope, caller }) {
        requireAreas(scope, await locationsOfOrderNumber(orders.adoption, params.number, params.revision));
        const result = await orders.adoption.approve(caller.account.person, params.number, params.revision, body);
        await admins.approverKeySigned(body.keyid);
        return new Reply(result, { status: result.adopted ? 200 : 202 });
      },
    }),
    route({
      name: 'orders.decline',
      method: 'post',
      path: '/orders/:number/revisions/:revision/decline',
      summary: 'Decline a pending proposal as an approver',
      params: revisionParams,
      body: declineBody,
      response: revisionView,
      async handler({ params, body, scope, caller }) {
        const { locations } = await orders.adoption.scope(params.number, { revision: params.revision });
        requireAreas(scope, locations);
        return orders.drafting.decline(caller.account.person, params.number, params.revision, body.reason);
      },
    }),
    route({
      name: 'orders.record',
      method: 'post',
      path: '/orders/:number/proceedings',
      summary: 'Record an answer to the authority, an appeal, or its decision',
      params: orderParams,
      body: proceedingSchema,
      response: proceedingsView,
      statuses: [201],
      async handler({ params, body, scope, caller }) {
        const { terms } = await orders.adoption.get(params.number);
        requireAreas(scope, locationsOfOrder(terms));
        return new Reply(await orders.proceedings.record(caller.account.person, params.number, body), { status: 201 });
      },
    }),
  ];
}

function effectRoutes({ orders, admins }: OrdersPorts): Route[] {
  return [
    route({
      name: 'orders.affected',
      method: 'get',
      path: '/orders/:number/affected',
      summary: 'List the affected devices by id',
      params: orderParams,
      response: affectedView,
      async handler({ params, scope }) {
        // Check the areas of the previewed revision, because the current revision may have fewer areas.
        const { revision, locations } = await orders.adoption.scope(params.number);
        requireAreas(scope, locations);
        return { devices: await orders.impact.affected(params.number, revision) };
      },
    }),
    route({
      name: 'orders.exemptions',
      method: 'get',
      path: '/orders/:number/revisions/:revision/exemptions',
      summary: 'List the exempt devices of a revision',
      params: revisionParams,
      response: exemptionList,
      async handler({ params, scope }) {
        const { number, revision } = params;
        const { locations } = await orders.adoption.scope(number, { revision });
        requireAreas(scope, locations);
        const exemptions = await orders.drafting.exemptions(number, revision);
        const people = exemptions.flatMap(({ proposedBy, approvedBy }) => [proposedBy, ...approvedBy]);
        return {
          revision,
          exemptions: exemptions.map((each) => ({ ...each, approvedBy: [...each.approvedBy] })),
          people: await admins.namesOf(new Set(people)),
        };
      },
    }),
    route({
      name: 'orders.statements',
      method: 'get',
      path: '/orders/:number/statements',
      summary: "List location statements that change the order's effect on a device",
      params: orderParams,
      response: statementList,
      async handler({ params, scope }) {
        requireAreas(scope, (await orders.adoption.scope(params.number)).locations);
        const found = await orders.statements.overriding(params.number);
        const statements = found.map(
          ({ device, statement: { areas, ...statement }, effect: { released, denied } }) => ({
            device,
            ...statement,
            areas: [...areas],
            released: [...released],
            denied: [...denied],
          }),
        );
        const assignments = (await orders.statements.locationChanges(params.number)).flatMap(({ device, record }) => {
          const { kind, home, seat, at, by, confirmedBy } = record;
          return kind === 'assignment' ? [{ device, home, seat, at: Date.parse(at), by, confirmedBy }] : [];
        });
        const people = [...statements, ...assignments].flatMap(({ by, confirmedBy }) =>
          [by, confirmedBy].filter((each) => each !== null),
        );
        return { statements, assignments, people: await admins.namesOf(new Set(people)) };
      },
    }),
    route({
      name: 'orders.receipts',
      method: 'get',
      path: '/orders/:number/receipts',
      summary: 'List the signed receipts of one device for an order',
      params: orderParams,
      query: receiptQuery,
      response: receiptList,
      async handler({ params, query, scope }) {
        const { adoptedRevision, latestRevision } = await orders.adoption.get(params.number);
        const selection = { revision: adoptedRevision ?? latestRevision, life: true };
        requireAreas(scope, (await orders.adoption.scope(params.number, selection)).locations);
        const stored = await orders.receipts.ofOrder(params.number, query.device);
        return { receipts: stored.map(({ device, generation, receipt }) => ({ ...receipt, device, generation })) };
      },
    }),
  ];
}

/**
 * Areas of the revision and of all pending proposals for the order. A role may replace a proposal only if its scope contains all of these
 * areas.
 */
async function locationsOfOrderNumber(
  adoption: OrdersPort['adoption'],
  number: string,
  revision?: number,
): Promise<HomeArea[]> {
  const { revisions } = await adoption.get(number);
  const pending = revisions.filter(({ state }) => state === 'waiting').map((each) => each.revision);
  const locations: HomeArea[] = [];
  for (const each of new Set([...pending, ...(revision === undefined ? [] : [revision])])) {
    locations.push(...(await adoption.scope(number, { revision: each })).locations);
  }
  return locations;
}
