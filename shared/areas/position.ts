/**
 * Position → areas, on the device: coordinates stay there. The accuracy circle is sampled by points, at the map's level `territory`
 * (its default gives Hong Kong to CN and Puerto Rico to US); what is no country (the sea, `UN`, `EU`) is left out.
 */
import { feature, iso1A2Code } from '@rapideditor/country-coder';
import { type AreaCode, groundArea, placeOrNull } from './area-code.ts';
import { featureAt, type Point } from './disputed.ts';

export interface Position {
  readonly latitude: number;
  readonly longitude: number;
  /** The radius of the circle in which the device is, in metres. */
  readonly accuracy: number;
}

export interface PositionAreas {
  /** Sorted. Empty where there is no country, or so many that the position says nothing. */
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

export function areasOfPosition({ latitude, longitude, accuracy }: Position): PositionAreas {
  const usable = Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 && accuracy >= 0 && accuracy < 5_000_000;
  if (!usable) return { areas: [], whole: false };
  const found = new Set<AreaCode>();
  let nowhere = false;
  const look = (point: Point) => {
    const area = areaAt(point);
    if (area) found.add(area);
    else nowhere = true;
  };
  look([longitude, latitude]);
  for (let ring = 1; ring <= RINGS && accuracy > 0; ring += 1) {
    for (let step = 0; step < POINTS_A_RING; step += 1) {
      look(destination(latitude, longitude, (accuracy * ring) / RINGS, (step * 2 * Math.PI) / POINTS_A_RING));
    }
  }
  if (found.size > MOST_AREAS) return { areas: [], whole: false };
  return { areas: [...found].sort(), whole: found.size === 1 && !nowhere };
}

function areaAt(point: Point): AreaCode | null {
  const at: [number, number] = [point[0], point[1]];
  const here = feature(at, { level: 'territory' });
  if (!here) return null;
  const code = iso1A2Code(at, { level: 'territory' });
  const disputed = featureAt(point, [here.properties.id, code ?? '']);
  if (disputed) return groundArea(disputed);
  return placeOrNull(code) ?? placeOrNull(RESERVED[code ?? '']);
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
