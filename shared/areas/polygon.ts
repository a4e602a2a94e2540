/**
 * A polygon that an order names, as devices use it. Its outline is a set of rings under the even-odd rule, which makes holes and islands of them
 * alike. It never crosses the antimeridian; who draws one there makes two of it.
 */
import type { AreaCode } from './area-code.ts';
import { atomText, MOST_POLYGONS } from './atom.ts';
import { isInside, type Point } from './point.ts';

export interface AreaPolygon {
  /** One version: `XZ-lahore@2`. */
  readonly code: AreaCode;
  readonly rings: readonly (readonly Point[])[];
  /** The countries that some of it lies in, the disputed ground, and whoever claims that. */
  readonly touches: ReadonlySet<AreaCode>;
}

export function liesIn(point: Point, { rings }: AreaPolygon): boolean {
  return rings.reduce((inside, ring) => inside !== isInside(point, ring), false);
}

/**
 * What a position in a place says: the place alone, or also of each polygon that touches it whether the point lies in it. `known`: of these it is
 * said already. Polygons beyond `MOST_POLYGONS` are left out, and a device is then contested for them: no order is proposed that makes them so many.
 */
export function atomAt(
  point: Point,
  place: AreaCode,
  wholes: readonly AreaCode[],
  polygons: readonly AreaPolygon[],
  known: ReadonlyMap<AreaPolygon, boolean> = new Map(),
): string {
  const near = polygons.filter(({ touches }) => wholes.some((whole) => touches.has(whole))).slice(0, MOST_POLYGONS);
  if (near.length === 0) return place;
  const within = (polygon: AreaPolygon) => known.get(polygon) ?? liesIn(point, polygon);
  const { inside = [], outside = [] } = Object.groupBy(near, (each) => (within(each) ? 'inside' : 'outside'));
  return atomText({
    place,
    inside: inside.map(({ code }) => code),
    outside: outside.map(({ code }) => code),
  });
}
