/**
 * Of so many polygons a position says at most whether it is in them (`MOST_POLYGONS`): where more touch a place, whoever is in one of the rest is only
 * in doubt. So nobody proposes an order that would add one there. Pure.
 */
import { polygonVersion } from '../../shared/areas/area-code.ts';
import { MOST_POLYGONS } from '../../shared/areas/atom.ts';
import type { OrderTerms } from '../../shared/order/documents.ts';

type Drawn = Pick<OrderTerms, 'polygons'>;

/** The polygons of all of these that touch the place, each version of one once. */
const touching = (place: string, drawn: readonly Drawn[]): ReadonlySet<string> =>
  new Set(
    drawn.flatMap(({ polygons = {} }) =>
      Object.entries(polygons)
        .filter(([, { touches }]) => touches.includes(place))
        .map(([code, { version }]) => polygonVersion(code, version)),
    ),
  );

/** `before`: what the order says already. `others`: of every other order what counts or waits to. Null: there is room. */
export function crowdedPlace(
  terms: Drawn,
  before: Drawn | null,
  others: readonly Drawn[],
): { readonly place: string; readonly polygons: number } | null {
  const known = before ? [...others, before] : others;
  for (const place of new Set(Object.values(terms.polygons ?? {}).flatMap(({ touches }) => touches))) {
    const polygons = touching(place, [...others, terms]).size;
    const adds = touching(place, [...known, terms]).size > touching(place, known).size;
    if (adds && polygons > MOST_POLYGONS) return { place, polygons };
  }
  return null;
}
