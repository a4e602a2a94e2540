/** The areas of an order's terms, with what the terms themselves say of groups and polygons. */
import {
  type AreaCode,
  type DisputedFeature,
  expandAreas,
  kindOfDefined,
  membersOf,
  parseEvidenceArea,
  parseOrderArea,
  parsePlace,
  placeOrNull,
  polygonVersion,
} from '../areas/area-code.ts';
import { groundTouched } from '../areas/disputed-policy.ts';
import type { Point } from '../areas/point.ts';
import type { AreaPolygon } from '../areas/polygon.ts';
import { CordonError } from '../errors.ts';
import type { OrderPolygon, OrderTerms } from './documents.ts';

type AreaTerms = Pick<OrderTerms, 'areas' | 'groups' | 'polygons'>;

const MILLION = 1_000_000;

function undefinedArea(area: string): CordonError {
  return new CordonError('unknown_area', `The order names ${area} and does not say what it is.`, { area });
}

export function compilePolygon(code: string, { version, rings, touches }: OrderPolygon): AreaPolygon {
  return {
    code: polygonVersion(code, version),
    rings: rings.map((ring) =>
      Array.from({ length: ring.length / 2 }, (_, i): Point => [ring[2 * i]! / MILLION, ring[2 * i + 1]! / MILLION]),
    ),
    touches: new Set(touches.map(parseEvidenceArea)),
  };
}

/** Countries and subdivisions on one side, polygons on the other. Throws `unknown_area` for what the terms do not define. */
export function readOrderAreas({ areas, groups = {}, polygons = {} }: AreaTerms): {
  readonly places: Set<AreaCode>;
  readonly polygons: readonly AreaPolygon[];
} {
  const places: AreaCode[] = [];
  const drawn: AreaPolygon[] = [];
  for (const area of areas.map(parseOrderArea)) {
    const polygon = polygons[area];
    const members = groups[area];
    if (kindOfDefined(area) === 'polygon') {
      if (!polygon) throw undefinedArea(area);
      drawn.push(compilePolygon(area, polygon));
    } else if (members) places.push(...members.map(parsePlace));
    else if (kindOfDefined(area) === 'group') throw undefinedArea(area);
    else places.push(area);
  }
  return { places: expandAreas(places), polygons: drawn };
}

/** All places that an order can reach: what a role must reach, and what a map marks. A polygon's are the countries that it touches. */
export function placesReached(terms: AreaTerms): AreaCode[] {
  const { places, polygons } = readOrderAreas(terms);
  const touched = polygons.flatMap(({ touches }) => [...touches]).filter((area) => placeOrNull(area) !== null);
  return [...new Set([...places, ...touched])];
}

/** The disputed ground that an order may be about. */
export function groundIn(terms: AreaTerms): DisputedFeature[] {
  const { places, polygons } = readOrderAreas(terms);
  return groundTouched([...places, ...polygons.flatMap(({ touches }) => [...touches])]);
}

/** The members of the groups that everybody knows, as terms carry them. */
export function knownGroups(areas: readonly AreaCode[]): Record<string, string[]> {
  return Object.fromEntries(
    areas.flatMap((area) => {
      const members = membersOf(area);
      return members ? [[area, members.sort()]] : [];
    }),
  );
}
