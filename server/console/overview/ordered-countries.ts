/** Which countries the map marks for which orders. */
import { areaName } from '../words/areas.ts';
import type { OrderSummary } from './orders-ahead.tsx';

/** Adopted orders only; groups (EU) and ground that is no country are named in the list of orders and not drawn. */
export function orderedCountries(
  orders: readonly OrderSummary[],
  now: number,
): ReadonlyMap<string, 'in_force' | 'coming'> {
  const marks = new Map<string, 'in_force' | 'coming'>();
  for (const { status, adoptedRevision, terms } of orders) {
    if (adoptedRevision === null || (status !== 'active' && status !== 'held')) continue;
    if (terms.until !== null && Date.parse(terms.until) <= now) continue;
    const mark = status === 'active' && Date.parse(terms.effective) <= now ? 'in_force' : 'coming';
    for (const area of terms.areas) {
      const country = area.slice(0, 2);
      if (areaName(country) === country || marks.get(country) === 'in_force') continue;
      if (/^[A-Z]{2}(-|$)/.test(area)) marks.set(country, mark);
    }
  }
  return marks;
}
