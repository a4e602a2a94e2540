/**
 * Limit on overlapping polygons. Location evidence names at most `MOST_POLYGONS` polygons. If more polygons overlapped at one location,
 * evidence could omit some, and the server could not be certain whether a device is inside. The functions are pure.
 */
import { polygonVersion } from '../../../shared/areas/area-code.ts';
import { MOST_POLYGONS } from '../../../shared/areas/evidence-text.ts';
import type { OrderTerms } from '../../../shared/order/documents.ts';

type Drawn = Pick<OrderTerms, 'polygons'>;

/** Polygons that touch the location. Each version of a polygon is a separate polygon here. */
const touching = (area: string, drawn: readonly Drawn[]): ReadonlySet<string> =>
  new Set(
    drawn.flatMap(({ polygons = {} }) =>
      Object.entries(polygons)
        .filter(([, { touches }]) => touches.includes(area))
        .map(([code, { version }]) => polygonVersion(code, version)),
    ),
  );

/**
 * Checks the proposed terms of an order. Returns a location to which the terms add a polygon and that more than `MOST_POLYGONS` polygons
 * then touch; null if there is none. `before`: present terms of the order. `others`: adopted and pending terms of all other orders.
 */
export function overPolygonLimit(
  terms: Drawn,
  before: Drawn | null,
  others: readonly Drawn[],
): { readonly area: string; readonly polygons: number } | null {
  const known = before ? [...others, before] : others;
  for (const area of new Set(Object.values(terms.polygons ?? {}).flatMap(({ touches }) => touches))) {
    const polygons = touching(area, [...others, terms]).size;
    const adds = touching(area, [...known, terms]).size > touching(area, known).size;
    if (adds && polygons > MOST_POLYGONS) return { area, polygons };
  }
  return null;
}
