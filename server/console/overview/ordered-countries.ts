/** Which countries the map marks for which orders. */
import type { OrderSummary } from '../../../shared/api/orders.ts';
import { expandAreas, parseArea } from '../../../shared/areas/area-code.ts';
import { standingAt } from '../words/order-standing.ts';

/** Approved orders only. A group (EU) marks its members, a part of a country marks the country. */
export function orderedCountries(
  orders: readonly OrderSummary[],
  now: number,
): ReadonlyMap<string, 'in_force' | 'coming'> {
  const marks = new Map<string, 'in_force' | 'coming'>();
  for (const order of orders) {
    const { phase } = standingAt(order, now);
    if (phase !== 'in_force' && phase !== 'coming' && phase !== 'held') continue;
    const mark = phase === 'in_force' ? 'in_force' : 'coming';
    for (const area of expandAreas(order.terms.areas.map(parseArea))) {
      const country = area.slice(0, 2);
      if (marks.get(country) !== 'in_force') marks.set(country, mark);
    }
  }
  return marks;
}
