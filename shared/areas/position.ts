/**
 * Finds the areas in which a position may lie. The device itself runs this code, because coordinates leave the device only in lost
 * mode. A position has an accuracy circle, so the code looks up several points in the circle. The map counts Hong Kong as part of CN and
 * Puerto Rico as part of US (level `territory` of the map data).
 */
import { featuresContaining } from '@rapideditor/country-coder';
import { type EvidenceArea, type HomeArea, homeAreaOrNull, type LocationArea, territoryArea } from './area-code.ts';
import type { Point } from './point.ts';
import { type AreaPolygon, evidenceAreaAt } from './polygon.ts';
import { subdivisionAt } from './subdivisions/subdivision-at.ts';
import { territoryAt } from './territory-facts.ts';

export interface Position {
  readonly latitude: number;
  readonly longitude: number;
  /** Radius of the accuracy circle in meters. */
  readonly accuracy: number;
}

export interface PositionAreas {
  /**
   * Locations in which the device may be, sorted. Empty if the position is outside all countries, or if the accuracy circle overlaps too
   * many areas.
   */
  readonly areas: readonly EvidenceArea[];
  /** Whether the whole accuracy circle is inside one area. */
  readonly whole: boolean;
}

const EARTH_RADIUS = 6_371_009;
const RINGS = 4;
const POINTS_PER_RING = 24;
/** Maximum number of areas in one observation. An accuracy circle that overlaps more areas is not evidence. */
const MOST_AREAS = 16;
/** Countries for codes of the map that ISO 3166-1 reserves but does not assign. */
const RESERVED: Readonly<Record<string, string>> = {
  EA: 'ES',
  IC: 'ES',
  AC: 'SH',
  TA: 'SH',
  CP: 'PF',
  DG: 'IO',
  CQ: 'GG',
  FX: 'FR',
};

/**
 * Finds the areas of a position. `polygons`: polygons of known orders. For each polygon that overlaps the position's country, the result
 * says whether the position is inside.
 */
export function areasOfPosition(
  { latitude, longitude, accuracy }: Position,
  polygons: readonly AreaPolygon[] = [],
): PositionAreas {
  const usable = Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 && accuracy >= 0 && accuracy < 5_000_000;
  if (!usable) return { areas: [], whole: false };
  const found = new Set<EvidenceArea>();
  let nowhere = false;
  const sample = (point: Point, known?: ReadonlyMap<AreaPolygon, boolean>) => {
    const location = locationAt(point);
    if (!location) nowhere = true;
    else found.add(evidenceAreaAt(point, location, polygons, known));
  };
  const center: Point = [longitude, latitude];
  sample(center);
  for (let ring = 1; ring <= RINGS && accuracy > 0; ring += 1) {
    for (let step = 0; step < POINTS_PER_RING; step += 1) {
      sample(destination(latitude, longitude, (accuracy * ring) / RINGS, (step * 2 * Math.PI) / POINTS_PER_RING));
    }
  }
  // A small polygon may lie between the sample points, so its corners are further sample points.
  for (const polygon of polygons) {
    const corner = polygon.rings.flat().find((point) => distance(center, point) <= accuracy);
    if (corner) for (const inside of [true, false]) sample(corner, new Map([[polygon, inside]]));
  }
  if (found.size > MOST_AREAS) return { areas: [], whole: false };
  return { areas: [...found].sort(), whole: found.size === 1 && !nowhere };
}

function locationAt(point: Point): LocationArea | null {
  const features = featuresContaining([point[0], point[1]]);
  const [here] = features.filter(isTerritoryOrLarger);
  if (!here) return null;
  const disputed = territoryAt(point, [here.properties.id, codeAmong(features) ?? '']);
  if (disputed) return territoryArea(disputed);
  const country = countryAmong(features);
  return country && (subdivisionAt(point, country) ?? country);
}

/**
 * Map features around a point, sorted from the smallest to the largest. Features below the level `territory`, such as islands, are not
 * separate locations.
 */
type MapFeatures = ReturnType<typeof featuresContaining>;

const isTerritoryOrLarger = ({ properties }: MapFeatures[number]) => properties.level !== 'subterritory';

function codeAmong(features: MapFeatures): string | undefined {
  return features.filter(isTerritoryOrLarger).find(({ properties }) => properties.iso1A2 !== undefined)?.properties
    .iso1A2;
}

/** Country or territory of a point. A disputed territory gets the country that the map assigns to it. */
export function countryAmong(features: MapFeatures): HomeArea | null {
  const code = codeAmong(features);
  return homeAreaOrNull(code) ?? homeAreaOrNull(RESERVED[code ?? '']);
}

/** Distance in meters (haversine formula). */
function distance([x1, y1]: Point, [x2, y2]: Point): number {
  const half = (degrees: number) => Math.sin((degrees * Math.PI) / 360) ** 2;
  const cosines = Math.cos((y1 * Math.PI) / 180) * Math.cos((y2 * Math.PI) / 180);
  return 2 * EARTH_RADIUS * Math.asin(Math.sqrt(Math.min(1, half(y2 - y1) + cosines * half(x2 - x1))));
}

/** Point at a distance (meters) and bearing (radians from north). A sphere is exact enough for an accuracy circle. */
function destination(latitude: number, longitude: number, distance: number, bearing: number): Point {
  const angle = distance / EARTH_RADIUS;
  const from = (latitude * Math.PI) / 180;
  const sine = Math.sin(from) * Math.cos(angle) + Math.cos(from) * Math.sin(angle) * Math.cos(bearing);
  const to = Math.asin(Math.min(1, Math.max(-1, sine)));
  const turn = Math.atan2(
    Math.sin(bearing) * Math.sin(angle) * Math.cos(from),
    Math.cos(angle) - Math.sin(from) * sine,
  );
  const lon = longitude + (turn * 180) / Math.PI;
  return [((((lon + 180) % 360) + 360) % 360) - 180, (to * 180) / Math.PI];
}
