/**
 * Rules for withheld orders, one for each route about orders. If a route returns a part of the legal basis, its rule names the part. The
 * server refuses the part to admins who may not read it, and records each reading. A new route does not compile without a rule.
 */
import type { OrderPart } from '../../shared/api/order-readings.ts';
import type { RouteName } from '../admins/roles.ts';

type OrderRoute = Extract<RouteName, `orders.${string}` | `order-documents.${string}`>;

/** `masked`: the handler itself removes the parts that the reader may not see. `open`: the route returns no part of the legal basis. */
type RoutePart = OrderPart | 'masked' | 'open';

const PARTS_BY_ROUTE: Readonly<Record<OrderRoute, RoutePart>> = {
  'orders.list': 'masked',
  'orders.show': 'masked',
  'orders.revision': 'terms',
  // The response contains only the text that the proposer wrote.
  'orders.propose': 'open',
  'orders.preview': 'open',
  'orders.act': 'terms',
  'orders.approve': 'open',
  'orders.record': 'terms',
  'orders.retract': 'terms',
  'orders.decline': 'terms',
  'orders.confirm-replacement': 'terms',
  'orders.exemptions': 'exemptions',
  'orders.decision': 'decision',
  'orders.pack': 'pack',
  'order-documents.read': 'document',
  'order-documents.upload': 'open',
  // Routes that return devices, counts and times. The admins of the fleet need them.
  'orders.affected': 'open',
  'orders.statements': 'open',
  'orders.receipts': 'open',
  'orders.impact': 'open',
  'orders.impact-csv': 'open',
  'orders.impact-names': 'open',
  'orders.warnings': 'open',
  'orders.rollout': 'open',
  'orders.exit': 'open',
  'orders.packs': 'open',
  'orders.pack-names': 'open',
  'orders.readings': 'open',
};

const isOrderRoute = (name: RouteName): name is OrderRoute => Object.hasOwn(PARTS_BY_ROUTE, name);

/** Part of the legal basis that the route returns. Null if the route returns no part, or if its handler masks the part. */
export function orderPartOf(name: RouteName): OrderPart | null {
  const gate = isOrderRoute(name) ? PARTS_BY_ROUTE[name] : 'open';
  return gate === 'open' || gate === 'masked' ? null : gate;
}
