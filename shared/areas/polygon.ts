/**
 * Polygon of an order, in the form that devices use: a set of rings under the even-odd rule, which allows holes and islands. A polygon
 * never crosses the antimeridian; an area across it needs two polygons.
 */
import {
  type EvidenceArea,
  type LocationArea,
  type PolygonVersion,
  parseEvidenceArea,
  withParents,
} from './area-code.ts';
import { evidenceText, MOST_POLYGONS } from './evidence-text.ts';
import { isInside, type Point } from './point.ts';

export interface AreaPolygon {
  /** Code with the version of the polygon, such as `XZ-lahore@2`. */
  readonly code: PolygonVersion;
  readonly rings: readonly (readonly Point[])[];
  /** Countries and disputed territories that the polygon overlaps, and the claimants of these territories. */
  readonly touches: ReadonlySet<LocationArea>;
}

export function liesIn(point: Point, { rings }: AreaPolygon): boolean {
  return rings.reduce((inside, ring) => inside !== isInside(point, ring), false);
}

/**
 * Returns the location of a position and, for each polygon that overlaps the same country or disputed territory, whether the position is
 * inside. `known` contains results that the caller has already. Polygons beyond `MOST_POLYGONS` are left out, so an order with such a
 * polygon treats the device as possibly inside.
 */
export function evidenceAreaAt(
  point: Point,
  location: LocationArea,
  polygons: readonly AreaPolygon[],
  known: ReadonlyMap<AreaPolygon, boolean> = new Map(),
): EvidenceArea {
  const containing = withParents(location);
  const near = polygons.filter(({ touches }) => containing.some((whole) => touches.has(whole))).slice(0, MOST_POLYGONS);
  if (near.length === 0) return location;
  const within = (polygon: AreaPolygon) => known.get(polygon) ?? liesIn(point, polygon);
  const { inside = [], outside = [] } = Object.groupBy(near, (each) => (within(each) ? 'inside' : 'outside'));
  const parts = { location, inside: inside.map(({ code }) => code), outside: outside.map(({ code }) => code) };
  return parseEvidenceArea(evidenceText(parts));
}
