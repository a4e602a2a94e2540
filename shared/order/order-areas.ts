/** Areas of an order. The order's terms define the groups and polygons that they name, so that approvers sign these definitions too. */
import {
  expandAreas,
  type HomeArea,
  homeAreaOrNull,
  membersOf,
  type OrderArea,
  ownAreaKind,
  parseHomeArea,
  parseLocation,
  parseOrderArea,
  polygonVersion,
  type Territory,
} from '../areas/area-code.ts';
import type { Point } from '../areas/point.ts';
import type { AreaPolygon } from '../areas/polygon.ts';
import { territoriesOverlapping } from '../areas/territory-policy.ts';
import { CordonError } from '../errors.ts';
import type { OrderPolygon, OrderTerms } from './documents.ts';

type AreaTerms = Pick<OrderTerms, 'areas' | 'groups' | 'polygons'>;

const MILLION = 1_000_000;

function undefinedArea(area: string): CordonError {
  return new CordonError(
    'unknown_area',
    `The order names ${area} but does not define it. Add its definition to the terms.`,
    { area },
  );
}

export function compilePolygon(code: string, { version, rings, touches }: OrderPolygon): AreaPolygon {
  return {
    code: polygonVersion(code, version),
    rings: rings.map((ring) =>
      Array.from({ length: ring.length / 2 }, (_, i): Point => [ring[2 * i]! / MILLION, ring[2 * i + 1]! / MILLION]),
    ),
    touches: new Set(touches.map(parseLocation)),
  };
}

/**
 * Returns the areas of an order: countries and other locations, with groups expanded, and separately the polygons. Throws `unknown_area`
 * for an area that the terms do not define.
 */
export function readOrderAreas({ areas, groups = {}, polygons = {} }: AreaTerms): {
  readonly locations: Set<HomeArea>;
  readonly polygons: readonly AreaPolygon[];
} {
  const locations: HomeArea[] = [];
  const drawn: AreaPolygon[] = [];
  for (const area of areas.map(parseOrderArea)) {
    const polygon = polygons[area];
    const members = groups[area];
    if (ownAreaKind(area) === 'polygon') {
      if (!polygon) throw undefinedArea(area);
      drawn.push(compilePolygon(area, polygon));
    } else if (members) locations.push(...members.map(parseHomeArea));
    else if (ownAreaKind(area) === 'group') throw undefinedArea(area);
    else locations.push(...expandAreas([area]));
  }
  return { locations: new Set(locations), polygons: drawn };
}

/** All locations that an order can affect, which an admin's role must cover. For a polygon, these are the countries that it overlaps. */
export function locationsOfOrder(terms: AreaTerms): HomeArea[] {
  const { locations, polygons } = readOrderAreas(terms);
  const touched = polygons.flatMap(({ touches }) => [...touches].flatMap((area) => homeAreaOrNull(area) ?? []));
  return [...new Set([...locations, ...touched])];
}

export function territoriesIn(terms: AreaTerms): Territory[] {
  const { locations, polygons } = readOrderAreas(terms);
  return territoriesOverlapping([...locations, ...polygons.flatMap(({ touches }) => [...touches])]);
}

export function knownGroups(areas: readonly OrderArea[]): Record<string, string[]> {
  return Object.fromEntries(
    areas.flatMap((area) => {
      const members = membersOf(area);
      return members ? [[area, members.sort()]] : [];
    }),
  );
}
