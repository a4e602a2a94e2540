/**
 * Rules for withheld orders (orders whose legal basis is secret for now). Each route about orders names the part of the legal basis that it
 * returns. Admins who may not read the part are refused, and each access is recorded. A route without a rule does not compile.
 */
import type { OrderPart } from '../../shared/api/order-readings.ts';
import type { RouteName } from '../admins/rights.ts';

type OrderRoute = Extract<RouteName, `orders.${string}` | `order-documents.${string}`>;

/**
 * Part of the legal basis that a route returns. `masked`: the handler itself removes the parts that the reader may not see. `open`: the
 * route returns no part of the legal basis.
 */
type RoutePart = OrderPart | 'masked' | 'open';

const PARTS_BY_ROUTE: Readonly<Record<OrderRoute, RoutePart>> = {
  'orders.list': 'masked',
  'orders.show': 'masked',
  'orders.revision': 'terms',
  // Not restricted, because the response contains only the text that the proposer wrote.
  'orders.propose': 'open',
  'orders.preview': 'open',
  'orders.revise': 'terms',
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
  // Not restricted, because these routes return devices, counts and times, which the admins of the fleet need.
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

export function orderPartOf(name: RouteName): OrderPart | null {
  const gate = isOrderRoute(name) ? PARTS_BY_ROUTE[name] : 'open';
  return gate === 'open' || gate === 'masked' ? null : gate;
}
