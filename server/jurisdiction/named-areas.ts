/**
 * Named areas of the operator: groups of countries (`XG-name`) and polygons (`XZ-name`). A version never changes; each change creates a new
 * version. A new order contains a copy of the newest versions.
 */
import {
  expandAreas,
  type HomeArea,
  homeAreaOrNull,
  ownAreaKind,
  parseOrderArea,
  parseScopeArea,
} from '../../shared/areas/area-code.ts';
import type { Point } from '../../shared/areas/point.ts';
import { CordonError } from '../../shared/errors.ts';
import type { OrderPolygon, OrderTerms } from '../../shared/order/documents.ts';
import { knownGroups } from '../../shared/order/order-areas.ts';
import type { AccountId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { readGeoJson } from './geojson.ts';
import type { AreaContent, KnownArea, NamedArea, NamedAreaStore } from './ports.ts';

const MILLION = 1_000_000;

export interface AreaEditor {
  readonly account: AccountId;
  readonly requireAreas: (areas: readonly HomeArea[]) => void;
}

/**
 * Countries and territories of a named area. A polygon has the countries that it overlaps, and all claimants of disputed territories that
 * it overlaps.
 */
export function locationsOf({ members, polygon }: AreaContent): readonly HomeArea[] {
  return members ?? (polygon?.touches ?? []).flatMap((area) => homeAreaOrNull(area) ?? []);
}

/**
 * Operations on named areas. Every change throws `out_of_scope` unless the scope of the admin's role includes all countries and territories
 * of the area, both before and after the change.
 */
export interface NamedAreas {
  namedAreas(): Promise<KnownArea[]>;
  /** Creates a group of countries, or a new version of an existing group. Throws `unknown_area` if a member is not a valid area. */
  defineGroup(name: string, title: string, members: readonly string[], by: AreaEditor): Promise<NamedArea>;
  /**
   * Creates a polygon, or a new version of an existing polygon. Throws `invalid_input` for an outline that devices could interpret
   * differently.
   */
  importPolygon(name: string, title: string, geoJson: string, by: AreaEditor): Promise<NamedArea>;
  /**
   * Deletes all versions of a named area. Throws `not_found`, and `conflict` if an order names the area: orders refer to a version by its
   * number, so a number must never get another meaning.
   */
  remove(code: string, by: AreaEditor): Promise<void>;
  /**
   * Definitions of the named areas among `areas`, which the terms of an order must contain. Throws `unknown_area` if a named area has no
   * definition.
   */
  definitionsOf(areas: readonly string[]): Promise<Pick<OrderTerms, 'groups' | 'polygons'>>;
}

export function createNamedAreas({
  store,
  clock,
}: {
  readonly store: NamedAreaStore;
  readonly clock: Clock;
}): NamedAreas {
  async function add(area: Omit<NamedArea, 'version' | 'madeAt' | 'madeBy'>, by: AreaEditor): Promise<NamedArea> {
    return store.addNamedArea({ ...area, madeAt: clock.now(), madeBy: by.account }, (newest) =>
      by.requireAreas([...new Set([...locationsOf(area), ...(newest ? locationsOf(newest) : [])])]),
    );
  }

  return {
    namedAreas: () => store.namedAreas(),

    async defineGroup(name, title, members, by) {
      const code = parseOrderArea(`XG-${name}`);
      const all = [...expandAreas(members.map(parseScopeArea))].sort();
      return add({ code, title, members: all, polygon: null }, by);
    },

    async importPolygon(name, title, geoJson, by) {
      const code = parseOrderArea(`XZ-${name}`);
      const rings = readGeoJson(geoJson);
      const degrees = rings.map((ring) =>
        Array.from({ length: ring.length / 2 }, (_, i): Point => [ring[2 * i]! / MILLION, ring[2 * i + 1]! / MILLION]),
      );
      // The map of all countries is loaded only when needed, because it takes 60 ms of CPU time and 20 MiB of memory.
      const { areasUnder } = await import('./polygon-overlap.ts');
      const touches = areasUnder(degrees);
      if (touches.length === 0) {
        throw new CordonError(
          'invalid_input',
          'The polygon is outside all countries, so no device can be located in it. Check the order of longitude and latitude.',
        );
      }
      if (touches.length > MOST_TOUCHED) {
        throw new CordonError(
          'invalid_input',
          `The polygon overlaps ${touches.length} countries, and the limit is ${MOST_TOUCHED}. Name countries instead.`,
        );
      }
      return add({ code, title, members: null, polygon: { rings, touches } }, by);
    },

    async remove(text, by) {
      const code = parseOrderArea(text);
      const orders =
        ownAreaKind(code) === null
          ? null
          : await store.removeNamedArea(code, (newest) => by.requireAreas(locationsOf(newest)));
      if (orders === null) throw new CordonError('not_found', `The area ${code} does not exist.`);
      if (orders.length === 0) return;
      throw new CordonError(
        'conflict',
        `${code} cannot be deleted, because ${orders.length === 1 ? 'order' : 'orders'} ${orders.join(', ')} named it. Add a new version instead.`,
        { orders },
      );
    },

    async definitionsOf(areas) {
      const codes = areas.map(parseOrderArea);
      const own = codes.filter((code) => ownAreaKind(code) !== null);
      const known = own.length === 0 ? [] : await store.namedAreas();
      const groups: Record<string, string[]> = knownGroups(codes);
      const polygons: Record<string, OrderPolygon> = {};
      for (const code of own) {
        const area = known.find((each) => each.code === code);
        if (!area) {
          throw new CordonError(
            'unknown_area',
            `The area ${code} does not exist. Create the group or import the polygon first.`,
            {
              area: code,
            },
          );
        }
        const { version, title, members, polygon } = area;
        if (members) groups[code] = [...members];
        if (polygon)
          polygons[code] = {
            version,
            title,
            rings: polygon.rings.map((ring) => [...ring]),
            touches: [...polygon.touches],
          };
      }
      return {
        ...(Object.keys(groups).length > 0 && { groups }),
        ...(Object.keys(polygons).length > 0 && { polygons }),
      };
    },
  };
}

const MOST_TOUCHED = 64;
