import type { OrderSummary } from '../../../shared/api/orders.ts';
import type { OrderTerms } from '../../../shared/order/documents.ts';
import { orderStateAt } from '../words/order-state.ts';

type Mark = 'active' | 'announced';
type AreaTerms = Pick<OrderTerms, 'areas' | 'groups' | 'polygons'>;

export interface MarkedOutline {
  readonly id: string;
  readonly title: string;
  readonly rings: readonly (readonly number[])[];
  readonly touches: readonly string[];
  readonly mark: Mark;
}

export interface MapMarks {
  readonly countries: ReadonlyMap<string, Mark>;
  readonly outlines: readonly MarkedOutline[];
}

/** Marks of adopted orders on the map. A group of countries marks its members, a subdivision its country, and a polygon its outline. */
export function marksOfOrders(orders: readonly OrderSummary[], now: number): MapMarks {
  const countries = new Map<string, Mark>();
  const outlines: MarkedOutline[] = [];
  for (const order of orders) {
    const { phase } = orderStateAt(order, now);
    if (phase !== 'active' && phase !== 'announced' && phase !== 'paused') continue;
    const mark = phase === 'active' ? 'active' : 'announced';
    const marked = marksOf(order.number, order.terms, mark);
    for (const [country] of marked.countries) if (countries.get(country) !== 'active') countries.set(country, mark);
    outlines.push(...marked.outlines);
  }
  return { countries, outlines };
}

export function marksOf(order: string, terms: AreaTerms, mark: Mark): MapMarks {
  // An order's terms list the members of its country groups, so the first page need not load a table of areas.
  const areas = terms.areas.flatMap((area) => terms.groups?.[area] ?? (terms.polygons?.[area] ? [] : [area]));
  return {
    countries: new Map(areas.map((area) => [area.slice(0, 2), mark] as const)),
    outlines: Object.entries(terms.polygons ?? {}).map(([code, { title, rings, touches }]) => ({
      id: `${order} ${code}`,
      title,
      rings,
      mark,
      touches: touches.map((area) => area.slice(0, 2)),
    })),
  };
}
