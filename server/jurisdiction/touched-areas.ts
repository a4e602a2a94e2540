/** What a polygon touches: every country that the map puts some of it in, disputed ground, and whoever claims that. Rather one too many. */
import { borders, featuresContaining } from '@rapideditor/country-coder';
import { type AreaCode, DISPUTED_FEATURES, groundArea, placeOrNull } from '../../shared/areas/area-code.ts';
import { DISPUTED } from '../../shared/areas/disputed.ts';
import { isInside, type Point } from '../../shared/areas/point.ts';
import { placeAmong } from '../../shared/areas/position.ts';

type Rings = readonly (readonly Point[])[];

/** `rings` in degrees. Sorted. */
export function touchedAreas(rings: Rings): AreaCode[] {
  const touched = new Set<AreaCode>();
  const names = new Set<string>();
  for (const { geometry, properties } of borders.features) {
    // Those that are put together from others have none, whatever the types say.
    if (geometry?.type !== 'MultiPolygon') continue;
    const theirs = geometry.coordinates.flat().map((ring) => ring.map(([x = 0, y = 0]): Point => [x, y]));
    if (!meet(rings, theirs)) continue;
    const around = featuresContaining(properties.id);
    const place = placeAmong(around);
    if (place) touched.add(place);
    for (const { properties: each } of around) names.add(each.iso1A2 ?? each.id);
  }
  for (const feature of DISPUTED_FEATURES) {
    const { outline, within, claimants } = DISPUTED[feature];
    if (!within.some((name) => names.has(name)) || (outline && !meet(rings, [outline]))) continue;
    touched.add(groundArea(feature));
    for (const claimant of claimants) if (placeOrNull(claimant)) touched.add(claimant);
  }
  return [...touched].sort();
}

function meet(one: Rings, other: Rings): boolean {
  if (!one.some((a) => other.some((b) => boxesMeet(a, b)))) return false;
  const within = (rings: Rings, point: Point) =>
    rings.reduce((inside, ring) => inside !== isInside(point, ring), false);
  if (one.some((ring) => within(other, ring[0]!)) || other.some((ring) => within(one, ring[0]!))) return true;
  return one.some((a) => other.some((b) => boxesMeet(a, b) && edgesMeet(a, b)));
}

type Box = readonly [number, number, number, number];

function boxOf(points: readonly Point[]): Box {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

function boxesMeet(one: readonly Point[], other: readonly Point[]): boolean {
  const [a, b] = [boxOf(one), boxOf(other)];
  return a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3];
}

function edgesMeet(one: readonly Point[], other: readonly Point[]): boolean {
  const box = boxOf(one);
  const near = edgesOf(other).filter((edge) => {
    const [left, low, right, high] = boxOf(edge);
    return left <= box[2] && right >= box[0] && low <= box[3] && high >= box[1];
  });
  const side = (a: Point, b: Point, c: Point) =>
    Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));
  return edgesOf(one).some(([a, b]) =>
    near.some(([c, d]) => side(a, b, c) * side(a, b, d) <= 0 && side(c, d, a) * side(c, d, b) <= 0),
  );
}

function edgesOf(ring: readonly Point[]): (readonly [Point, Point])[] {
  return ring.map((point, i) => [ring[(i + ring.length - 1) % ring.length]!, point]);
}
