/**
 * Converts GeoJSON (RFC 7946) to the rings of a polygon for an order. It rejects every shape that two programs could interpret differently,
 * such as open or crossing rings, overlapping parts, and an outline across the antimeridian.
 */
import { z } from 'zod';
import { isInside, type Point } from '../../shared/areas/point.ts';
import { CordonError } from '../../shared/errors.ts';
import { MOST_POINTS, MOST_RINGS, type OrderPolygon } from '../../shared/order/documents.ts';

const MILLION = 1_000_000;

const position = z.array(z.number()).min(2);
const polygonCoordinates = z.array(z.array(position).min(4)).min(1);
const geometry = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('Polygon'), coordinates: polygonCoordinates }),
  z.looseObject({ type: z.literal('MultiPolygon'), coordinates: z.array(polygonCoordinates).min(1) }),
]);
const feature = z.looseObject({ type: z.literal('Feature'), geometry });
const document = z.union([
  geometry,
  feature,
  z.looseObject({ type: z.literal('FeatureCollection'), features: z.array(feature).min(1).max(MOST_RINGS) }),
]);
/**
 * Field `crs` of older files (from before RFC 7946), which declares a coordinate system. RFC 7946 allows only WGS 84, so a file with
 * another system is refused.
 */
const crsSchema = z.object({ crs: z.unknown() });
const WGS84 = /CRS84|EPSG::?4326/;

function reject(why: string): never {
  throw new CordonError('invalid_input', `An order cannot use this GeoJSON: ${why}.`);
}

type Ring = OrderPolygon['rings'][number];

export function readGeoJson(text: string): Ring[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CordonError('invalid_input', 'The file is not valid JSON. Export the area as GeoJSON again.', {}, cause);
  }
  const crs = crsSchema.safeParse(value);
  if (crs.success && crs.data.crs != null && !WGS84.test(JSON.stringify(crs.data.crs))) {
    reject('it uses another coordinate system; convert it to WGS 84, longitude and latitude in degrees');
  }
  const parsed = document.safeParse(value);
  if (!parsed.success)
    reject(
      'it must be a Polygon, a MultiPolygon or features with one of them, and each ring needs at least four positions',
    );
  const { data } = parsed;
  const geometries =
    data.type === 'FeatureCollection'
      ? data.features.map((each) => each.geometry)
      : [data.type === 'Feature' ? data.geometry : data];
  const parts = geometries.flatMap((each) => (each.type === 'Polygon' ? [each.coordinates] : each.coordinates));
  const polygons = parts.map((rings) => rings.map(readRing));
  const rings = polygons.flat();
  if (rings.length > MOST_RINGS) reject(`it has ${rings.length} rings, and the limit is ${MOST_RINGS}`);
  const points = rings.reduce((sum, ring) => sum + ring.length, 0);
  if (points > MOST_POINTS) reject(`it has ${points} points, and the limit is ${MOST_POINTS}; simplify the outline`);
  checkCrossings(rings);
  checkNesting(polygons);
  return rings.map((ring) => ring.flat());
}

/** Ring in millionths of a degree, without the last position of the GeoJSON ring, which repeats the first position. */
function readRing(positions: readonly (readonly number[])[], at: number): Point[] {
  const points = positions.map(([longitude = 0, latitude = 0]): Point => {
    if (Math.abs(longitude) > 180 || Math.abs(latitude) > 90)
      reject(`${longitude}, ${latitude} is not a valid position; write the longitude first`);
    return [Math.round(longitude * MILLION), Math.round(latitude * MILLION)];
  });
  const [first] = points;
  const last = points.at(-1);
  if (!first || !last || first[0] !== last[0] || first[1] !== last[1]) {
    reject(`ring ${at + 1} is not closed; repeat its first position at the end`);
  }
  const ring = points.slice(1).filter(([x, y], i) => x !== points[i]![0] || y !== points[i]![1]);
  if (ring.length < 3) reject(`ring ${at + 1} encloses nothing`);
  eachEdge(ring, ([x1], [x2]) => {
    if (Math.abs(x2 - x1) > 180 * MILLION)
      reject('it crosses the antimeridian; divide it there into two parts (RFC 7946, section 3.1.9)');
  });
  let area = 0;
  eachEdge(ring, ([x1, y1], [x2, y2]) => {
    area += x1 * y2 - x2 * y1;
  });
  if (area === 0) reject(`ring ${at + 1} encloses nothing`);
  return ring;
}

function eachEdge(ring: readonly Point[], see: (a: Point, b: Point) => void): void {
  for (const [i, point] of ring.entries()) see(ring[(i + ring.length - 1) % ring.length]!, point);
}

/**
 * Compares each edge with every other edge. Of two million pairs for 2,000 edges, most need no exact test, because their bounding boxes do
 * not overlap.
 */
function checkCrossings(rings: readonly (readonly Point[])[]): void {
  const edges: (readonly [Point, Point])[] = [];
  for (const ring of rings) eachEdge(ring, (a, b) => edges.push([a, b]));
  edges.sort(([a, b], [c, d]) => Math.min(a[0], b[0]) - Math.min(c[0], d[0]));
  edges.forEach(([a, b], i) => {
    const right = Math.max(a[0], b[0]);
    for (let j = i + 1; j < edges.length; j += 1) {
      const [c, d] = edges[j]!;
      if (Math.min(c[0], d[0]) > right) break;
      if (crosses(a, b, c, d)) reject(`its edges cross near ${a[0] / MILLION}, ${a[1] / MILLION}`);
    }
  });
}

/**
 * Side of the line through `a` and `b` on which `c` is: 1, -1, or 0 for a point on the line. Floating point is exact for products of
 * coordinates in millionths of a degree.
 */
const side = (a: Point, b: Point, c: Point) => Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));
const sameEnds = (a: Point, b: Point) => a[0] === b[0] && a[1] === b[1];

/** True if two edges share a point other than a common end point. */
function crosses(a: Point, b: Point, c: Point, d: Point): boolean {
  const [abc, abd, cda, cdb] = [side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)];
  if (abc * abd < 0 && cda * cdb < 0) return true;
  // All four end points are on one line, so the two edges may overlap.
  if (abc !== 0 || abd !== 0) return false;
  if ((sameEnds(a, c) && sameEnds(b, d)) || (sameEnds(a, d) && sameEnds(b, c))) return true;
  return [c, d].some((point) => strictlyBetween(a, b, point)) || [a, b].some((point) => strictlyBetween(c, d, point));
}

function strictlyBetween(a: Point, b: Point, point: Point): boolean {
  const along = (point[0] - a[0]) * (b[0] - a[0]) + (point[1] - a[1]) * (b[1] - a[1]);
  const length = (b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2;
  return along > 0 && along < length;
}

/**
 * Checks how rings are nested: a hole must be inside a part, and a part inside another part must be inside a hole of it. The even-odd rule,
 * by which devices test a position, requires this.
 */
function checkNesting(polygons: readonly (readonly (readonly Point[])[])[]): void {
  const outers = polygons.map(([outer]) => outer!);
  polygons.forEach(([outer, ...holes], i) => {
    if (holes.some((hole) => !contains(outer!, hole))) reject(`a hole of part ${i + 1} is outside the part`);
    outers.forEach((other, j) => {
      const separate = i === j || !contains(outer!, other) || holes.some((hole) => contains(hole, other));
      if (!separate) reject(`part ${j + 1} is inside part ${i + 1}`);
    });
  });
}

/** Rings do not cross, so it is enough to test one point of `inner` that is not on `outer`. */
function contains(outer: readonly Point[], inner: readonly Point[]): boolean {
  return inner.some((point) => isInside(point, outer) && !outer.some((corner) => sameEnds(corner, point)));
}
