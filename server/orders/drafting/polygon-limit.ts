/**
 * Limit of polygons at one location. An observation names at most `MOST_POLYGONS` polygons, so an order must not add one polygon more.
 * Otherwise the server could not locate a device in it with certainty. Pure.
 */
import { polygonVersion } from '../../../shared/areas/area-code.ts';
import { MOST_POLYGONS } from '../../../shared/areas/evidence-text.ts';
import type { OrderTerms } from '../../../shared/order/documents.ts';

type Drawn = Pick<OrderTerms, 'polygons'>;

/** Polygons of all these terms that touch the location. Each version of a polygon counts once. */
const touching = (place: string, drawn: readonly Drawn[]): ReadonlySet<string> =>
  new Set(
    drawn.flatMap(({ polygons = {} }) =>
      Object.entries(polygons)
        .filter(([, { touches }]) => touches.includes(place))
        .map(([code, { version }]) => polygonVersion(code, version)),
    ),
  );

/**
 * Finds a location at which the new terms exceed the polygon limit; null if there is none. `before` has the order's current terms, and
 * `others` the adopted and pending terms of all other orders.
 */
export function overPolygonLimit(
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
