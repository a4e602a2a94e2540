/**
 * Position → areas, on the device: coordinates stay there. The accuracy circle is sampled by points, at the map's level `territory`
 * (its default gives Hong Kong to CN and Puerto Rico to US); what is no country (the sea, `UN`, `EU`) is left out. Within a country the index of
 * subdivisions says more, where it knows (`subdivisions/`).
 */
import { featuresContaining } from '@rapideditor/country-coder';
import { type AreaCode, groundArea, parseEvidenceArea, placeOrNull, withParents } from './area-code.ts';
import { featureAt } from './disputed.ts';
import type { Point } from './point.ts';
import { type AreaPolygon, atomAt } from './polygon.ts';
import { subdivisionAt } from './subdivisions/subdivision-at.ts';

export interface Position {
  readonly latitude: number;
  readonly longitude: number;
  /** The radius of the circle in which the device is, in metres. */
  readonly accuracy: number;
}

export interface PositionAreas {
  /** Sorted: subdivisions, countries, disputed ground. Empty where there is no country, or so many that the position says nothing. */
  readonly areas: readonly AreaCode[];
  /** The whole circle lies in the one area. */
  readonly whole: boolean;
}

const EARTH_RADIUS = 6_371_009;
const RINGS = 4;
const POINTS_A_RING = 24;
/** A circle over more areas than evidence may hold says nothing. */
const MOST_AREAS = 16;
/** Reserved codes that the map uses and ISO 3166-1 does not assign → whose they are. */
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

/** `polygons`: those of the orders at hand; of each that touches the country it is said whether the position lies in it. */
export function areasOfPosition(
  { latitude, longitude, accuracy }: Position,
  polygons: readonly AreaPolygon[] = [],
): PositionAreas {
  const usable = Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 && accuracy >= 0 && accuracy < 5_000_000;
  if (!usable) return { areas: [], whole: false };
  const found = new Set<AreaCode>();
  let nowhere = false;
  const look = (point: Point, known?: ReadonlyMap<AreaPolygon, boolean>) => {
    const place = areaAt(point);
    if (!place) nowhere = true;
    else found.add(parseEvidenceArea(atomAt(point, place, withParents(place), polygons, known)));
  };
  const center: Point = [longitude, latitude];
  look(center);
  for (let ring = 1; ring <= RINGS && accuracy > 0; ring += 1) {
    for (let step = 0; step < POINTS_A_RING; step += 1) {
      look(destination(latitude, longitude, (accuracy * ring) / RINGS, (step * 2 * Math.PI) / POINTS_A_RING));
    }
  }
  // A polygon small enough to lie between the points: where a corner of it is in the circle, so are its inside and its outside.
  for (const polygon of polygons) {
    const corner = polygon.rings.flat().find((point) => distance(center, point) <= accuracy);
    if (corner) for (const inside of [true, false]) look(corner, new Map([[polygon, inside]]));
  }
  if (found.size > MOST_AREAS) return { areas: [], whole: false };
  return { areas: [...found].sort(), whole: found.size === 1 && !nowhere };
}

function areaAt(point: Point): AreaCode | null {
  const around = featuresContaining([point[0], point[1]]);
  const [here] = around.filter(isPlaceOrLarger);
  if (!here) return null;
  const disputed = featureAt(point, [here.properties.id, codeAmong(around) ?? '']);
  if (disputed) return groundArea(disputed);
  const country = placeAmong(around);
  return country && (subdivisionAt(point, country) ?? country);
}

/** Features of the map around something, from the smallest outwards: what is below `territory` (islands and the like) is no place of its own. */
type Around = ReturnType<typeof featuresContaining>;

const isPlaceOrLarger = ({ properties }: Around[number]) => properties.level !== 'subterritory';

function codeAmong(around: Around): string | undefined {
  return around.filter(isPlaceOrLarger).find(({ properties }) => properties.iso1A2 !== undefined)?.properties.iso1A2;
}

/** The country or territory in which they lie, by the map: it takes sides where ground is disputed. */
export function placeAmong(around: Around): AreaCode | null {
  const code = codeAmong(around);
  return placeOrNull(code) ?? placeOrNull(RESERVED[code ?? '']);
}

/** Metres, on the same sphere (the haversine formula). */
function distance([x1, y1]: Point, [x2, y2]: Point): number {
  const half = (degrees: number) => Math.sin((degrees * Math.PI) / 360) ** 2;
  const cosines = Math.cos((y1 * Math.PI) / 180) * Math.cos((y2 * Math.PI) / 180);
  return 2 * EARTH_RADIUS * Math.asin(Math.sqrt(Math.min(1, half(y2 - y1) + cosines * half(x2 - x1))));
}

/** The point at a distance (metres) and bearing (radians from north), on a sphere: what a circle of accuracy needs. */
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
