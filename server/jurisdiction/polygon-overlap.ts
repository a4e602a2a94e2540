/**
 * Areas that a polygon overlaps: countries, disputed territories, and the countries that claim these territories. In doubt, an area is
 * included.
 */
import { borders, featuresContaining } from '@rapideditor/country-coder';
import { homeAreaOrNull, type LocationArea, TERRITORIES, territoryArea } from '../../shared/areas/area-code.ts';
import { isInside, type Point } from '../../shared/areas/point.ts';
import { countryAmong } from '../../shared/areas/position.ts';
import { TERRITORY_FACTS } from '../../shared/areas/territory-facts.ts';

type Rings = readonly (readonly Point[])[];

/** Areas that a polygon overlaps, sorted by code. `rings`: the polygon's rings, in degrees. */
export function areasUnder(rings: Rings): LocationArea[] {
  const touched = new Set<LocationArea>();
  const names = new Set<string>();
  for (const { geometry, properties } of borders.features) {
    // Some features of the map consist of other features. They have no geometry, although their TypeScript type says so.
    if (geometry?.type !== 'MultiPolygon') continue;
    const countryRings = geometry.coordinates.flat().map((ring) => ring.map(([x = 0, y = 0]): Point => [x, y]));
    if (!meet(rings, countryRings)) continue;
    const around = featuresContaining(properties.id);
    const country = countryAmong(around);
    if (country) touched.add(country);
    for (const { properties: each } of around) names.add(each.iso1A2 ?? each.id);
  }
  for (const feature of TERRITORIES) {
    const { outline, within, claimants } = TERRITORY_FACTS[feature];
    if (!within.some((name) => names.has(name)) || (outline && !meet(rings, [outline]))) continue;
    touched.add(territoryArea(feature));
    for (const claimant of claimants) if (homeAreaOrNull(claimant)) touched.add(claimant);
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
