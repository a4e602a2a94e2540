/** What the map marks for which orders: countries, and polygons as they are drawn. */
import type { OrderSummary } from '../../../shared/api/orders.ts';
import type { OrderTerms } from '../../../shared/order/documents.ts';
import { standingAt } from '../words/order-standing.ts';

type Mark = 'in_force' | 'coming';
type AreaTerms = Pick<OrderTerms, 'areas' | 'groups' | 'polygons'>;

export interface MarkedOutline {
  /** Of the order and the polygon. */
  readonly id: string;
  readonly title: string;
  readonly rings: readonly (readonly number[])[];
  /** Countries that it lies in. */
  readonly touches: readonly string[];
  readonly mark: Mark;
}

export interface Marked {
  readonly countries: ReadonlyMap<string, Mark>;
  readonly outlines: readonly MarkedOutline[];
}

/** Approved orders only. A group (EU) marks its members, a part of a country marks the country, a polygon itself. */
export function markedBy(orders: readonly OrderSummary[], now: number): Marked {
  const countries = new Map<string, Mark>();
  const outlines: MarkedOutline[] = [];
  for (const order of orders) {
    const { phase } = standingAt(order, now);
    if (phase !== 'in_force' && phase !== 'coming' && phase !== 'held') continue;
    const mark = phase === 'in_force' ? 'in_force' : 'coming';
    const marked = marksOf(order.number, order.terms, mark);
    for (const [country] of marked.countries) if (countries.get(country) !== 'in_force') countries.set(country, mark);
    outlines.push(...marked.outlines);
  }
  return { countries, outlines };
}

export function marksOf(order: string, terms: AreaTerms, mark: Mark): Marked {
  // The order says itself who is in its groups: no table of areas is loaded with the first page for this.
  const places = terms.areas.flatMap((area) => terms.groups?.[area] ?? (terms.polygons?.[area] ? [] : [area]));
  return {
    countries: new Map(places.map((area) => [area.slice(0, 2), mark] as const)),
    outlines: Object.entries(terms.polygons ?? {}).map(([code, { title, rings, touches }]) => ({
      ...{ id: `${order} ${code}`, title, rings, mark },
      touches: touches.map((area) => area.slice(0, 2)),
    })),
  };
}
