/**
 * GeoJSON (RFC 7946) → the rings of an order's polygon. Whatever a device could understand otherwise than who drew it is refused: open or crossing
 * rings, parts over each other, an outline across the antimeridian, another coordinate system. Pure.
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
/** RFC 7946 knows one coordinate system; files from before it may name another. */
const named = z.object({ crs: z.unknown() });
const WGS84 = /CRS84|EPSG::?4326/;

function refuse(why: string): never {
  throw new CordonError('invalid_input', `This GeoJSON is no polygon that an order could name: ${why}.`);
}

type Ring = OrderPolygon['rings'][number];

/** Throws `invalid_input`. */
export function readGeoJson(text: string): Ring[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CordonError('invalid_input', 'This is no GeoJSON: it cannot be read as JSON.', {}, cause);
  }
  const crs = named.safeParse(value);
  if (crs.success && crs.data.crs != null && !WGS84.test(JSON.stringify(crs.data.crs))) {
    refuse('it is in another coordinate system; write WGS 84, longitude and latitude in degrees');
  }
  const parsed = document.safeParse(value);
  if (!parsed.success)
    refuse('write a Polygon, a MultiPolygon, or features that are one of them, each ring of at least four positions');
  const { data } = parsed;
  const geometries =
    data.type === 'FeatureCollection'
      ? data.features.map((each) => each.geometry)
      : [data.type === 'Feature' ? data.geometry : data];
  const parts = geometries.flatMap((each) => (each.type === 'Polygon' ? [each.coordinates] : each.coordinates));
  const polygons = parts.map((rings) => rings.map(readRing));
  const rings = polygons.flat();
  if (rings.length > MOST_RINGS) refuse(`it has ${rings.length} rings, and ${MOST_RINGS} is the most`);
  const points = rings.reduce((sum, ring) => sum + ring.length, 0);
  if (points > MOST_POINTS) refuse(`it has ${points} points, and ${MOST_POINTS} is the most; simplify it first`);
  checkCrossings(rings);
  checkNesting(polygons);
  return rings.map((ring) => ring.flat());
}

/** In millionths of a degree, without the last position, which is the first. */
function readRing(positions: readonly (readonly number[])[], at: number): Point[] {
  const points = positions.map(([longitude = 0, latitude = 0]): Point => {
    if (Math.abs(longitude) > 180 || Math.abs(latitude) > 90)
      refuse(`${longitude}, ${latitude} is nowhere on earth; the longitude comes first`);
    return [Math.round(longitude * MILLION), Math.round(latitude * MILLION)];
  });
  const [first] = points;
  const last = points.at(-1);
  if (!first || !last || first[0] !== last[0] || first[1] !== last[1]) {
    refuse(`ring ${at + 1} is not closed; its last position must be its first`);
  }
  const ring = points.slice(1).filter(([x, y], i) => x !== points[i]![0] || y !== points[i]![1]);
  if (ring.length < 3) refuse(`ring ${at + 1} encloses nothing`);
  eachEdge(ring, ([x1], [x2]) => {
    if (Math.abs(x2 - x1) > 180 * MILLION)
      refuse('it crosses the antimeridian; cut it there into two parts, as RFC 7946, section 3.1.9, has it');
  });
  let area = 0;
  eachEdge(ring, ([x1, y1], [x2, y2]) => {
    area += x1 * y2 - x2 * y1;
  });
  if (area === 0) refuse(`ring ${at + 1} encloses nothing`);
  return ring;
}

function eachEdge(ring: readonly Point[], see: (a: Point, b: Point) => void): void {
  for (const [i, point] of ring.entries()) see(ring[(i + ring.length - 1) % ring.length]!, point);
}

/** Each edge against each other: two thousand of them are two million pairs, most of which are told apart by their boxes. */
function checkCrossings(rings: readonly (readonly Point[])[]): void {
  const edges: (readonly [Point, Point])[] = [];
  for (const ring of rings) eachEdge(ring, (a, b) => edges.push([a, b]));
  edges.sort(([a, b], [c, d]) => Math.min(a[0], b[0]) - Math.min(c[0], d[0]));
  edges.forEach(([a, b], i) => {
    const right = Math.max(a[0], b[0]);
    for (let j = i + 1; j < edges.length; j += 1) {
      const [c, d] = edges[j]!;
      if (Math.min(c[0], d[0]) > right) break;
      if (crosses(a, b, c, d)) refuse(`it crosses itself near ${a[0] / MILLION}, ${a[1] / MILLION}`);
    }
  });
}

/** Which side of a line through a and b; 0 on it. Numbers of this size are exact enough to tell. */
const side = (a: Point, b: Point, c: Point) => Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));
const sameEnds = (a: Point, b: Point) => a[0] === b[0] && a[1] === b[1];

/** Whether two edges have more in common than an end of one that touches the other. */
function crosses(a: Point, b: Point, c: Point, d: Point): boolean {
  const [abc, abd, cda, cdb] = [side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)];
  if (abc * abd < 0 && cda * cdb < 0) return true;
  // In one line: they may lie on each other.
  if (abc !== 0 || abd !== 0) return false;
  if ((sameEnds(a, c) && sameEnds(b, d)) || (sameEnds(a, d) && sameEnds(b, c))) return true;
  return [c, d].some((point) => strictlyBetween(a, b, point)) || [a, b].some((point) => strictlyBetween(c, d, point));
}

function strictlyBetween(a: Point, b: Point, point: Point): boolean {
  const along = (point[0] - a[0]) * (b[0] - a[0]) + (point[1] - a[1]) * (b[1] - a[1]);
  const length = (b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2;
  return along > 0 && along < length;
}

/** A hole lies in its part, and no part in another but in a hole of it: inside is what an odd number of rings hold. */
function checkNesting(polygons: readonly (readonly (readonly Point[])[])[]): void {
  const outers = polygons.map(([outer]) => outer!);
  polygons.forEach(([outer, ...holes], i) => {
    if (holes.some((hole) => !holds(outer!, hole))) refuse(`a hole of part ${i + 1} lies outside it`);
    outers.forEach((other, j) => {
      const apart = i === j || !holds(outer!, other) || holes.some((hole) => holds(hole, other));
      if (!apart) refuse(`part ${j + 1} lies in part ${i + 1}`);
    });
  });
}

/** Of rings that do not cross: any point that they do not share tells. */
function holds(outer: readonly Point[], inner: readonly Point[]): boolean {
  return inner.some((point) => isInside(point, outer) && !outer.some((corner) => sameEnds(corner, point)));
}
