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
 * Evidence area of a position: its location, and for each overlapping polygon, whether the position is inside. `known` has polygons whose
 * result is already known. For polygons beyond `MOST_POLYGONS`, the device is treated as contested; the server refuses an order that would
 * need more.
 */
export function evidenceAreaAt(
  point: Point,
  location: LocationArea,
  polygons: readonly AreaPolygon[],
  known: ReadonlyMap<AreaPolygon, boolean> = new Map(),
): EvidenceArea {
  const wholes = withParents(location);
  const near = polygons.filter(({ touches }) => wholes.some((whole) => touches.has(whole))).slice(0, MOST_POLYGONS);
  if (near.length === 0) return location;
  const within = (polygon: AreaPolygon) => known.get(polygon) ?? liesIn(point, polygon);
  const { inside = [], outside = [] } = Object.groupBy(near, (each) => (within(each) ? 'inside' : 'outside'));
  const parts = { location, inside: inside.map(({ code }) => code), outside: outside.map(({ code }) => code) };
  return parseEvidenceArea(evidenceText(parts));
}
