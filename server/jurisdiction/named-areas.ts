/**
 * Areas of the operator's own: groups of countries (`XG-name`) and polygons (`XZ-name`). A version once made never changes; an order takes over
 * what the newest says when it is proposed, and holds it itself from then on.
 */
import {
  type AreaCode,
  expandAreas,
  kindOfDefined,
  parseArea,
  parseOrderArea,
  placeOrNull,
} from '../../shared/areas/area-code.ts';
import type { Point } from '../../shared/areas/point.ts';
import { CordonError } from '../../shared/errors.ts';
import type { OrderPolygon, OrderTerms } from '../../shared/order/documents.ts';
import { knownGroups } from '../../shared/order/order-areas.ts';
import type { AccountId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { readGeoJson } from './geojson.ts';
import type { AreaContent, KnownArea, NamedArea, NamedAreaStore } from './ports.ts';
import { touchedAreas } from './touched-areas.ts';

const MILLION = 1_000_000;

/** An admin who changes named areas. */
export interface AreaEditor {
  readonly account: AccountId;
  /** Throws `out_of_scope` unless the admin's role reaches all of these areas. */
  readonly requireAreas: (areas: readonly AreaCode[]) => void;
}

/** All places of a named area. The places of a polygon are the countries that it touches, and all claimants of disputed ground there. */
export function placesOf({ members, polygon }: AreaContent): readonly AreaCode[] {
  return members ?? (polygon?.touches ?? []).filter((area) => placeOrNull(area) !== null);
}

/** Every change throws `out_of_scope` unless the editor's role reaches all places of the newest version and of the new one. */
export interface NamedAreas {
  /** The newest version of each. */
  namedAreas(): Promise<KnownArea[]>;
  /** A new version of a group. Throws `unknown_area`. */
  defineGroup(name: string, title: string, members: readonly string[], by: AreaEditor): Promise<NamedArea>;
  /** A new version of a polygon. Throws `invalid_input` for what is no outline that every device would understand alike. */
  importPolygon(name: string, title: string, geoJson: string, by: AreaEditor): Promise<NamedArea>;
  /**
   * Every version of it. Throws `not_found`, and `conflict` once an order has named it: devices and packs know its versions by number, which must
   * never mean anything else.
   */
  remove(code: string, by: AreaEditor): Promise<void>;
  /** What an order that names these areas has to hold. Throws `unknown_area` for one that nobody has made. */
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
      by.requireAreas([...new Set([...placesOf(area), ...(newest ? placesOf(newest) : [])])]),
    );
  }

  return {
    namedAreas: () => store.namedAreas(),

    async defineGroup(name, title, members, by) {
      const code = parseOrderArea(`XG-${name}`);
      const all = [...expandAreas(members.map(parseArea))].sort();
      return add({ code, title, members: all, polygon: null }, by);
    },

    async importPolygon(name, title, geoJson, by) {
      const code = parseOrderArea(`XZ-${name}`);
      const rings = readGeoJson(geoJson);
      const degrees = rings.map((ring) =>
        Array.from({ length: ring.length / 2 }, (_, i): Point => [ring[2 * i]! / MILLION, ring[2 * i + 1]! / MILLION]),
      );
      const touches = touchedAreas(degrees);
      if (touches.length === 0) {
        throw new CordonError(
          'invalid_input',
          'This polygon lies in no country: no device could be in it and be known to be.',
        );
      }
      if (touches.length > MOST_TOUCHED) {
        throw new CordonError(
          'invalid_input',
          `This polygon touches ${touches.length} countries, and ${MOST_TOUCHED} is the most: name countries instead.`,
        );
      }
      return add({ code, title, members: null, polygon: { rings, touches } }, by);
    },

    async remove(text, by) {
      const code = parseOrderArea(text);
      const orders =
        kindOfDefined(code) === null
          ? null
          : await store.removeNamedArea(code, (newest) => by.requireAreas(placesOf(newest)));
      if (orders === null) throw new CordonError('not_found', `Nobody has made ${code} here.`);
      if (orders.length === 0) return;
      throw new CordonError(
        'conflict',
        `${code} stays: ${orders.length === 1 ? 'order' : 'orders'} ${orders.join(', ')} named it, and what it meant then must not be lost. Give it a new version instead.`,
        { orders },
      );
    },

    async definitionsOf(areas) {
      const codes = areas.map(parseOrderArea);
      const own = codes.filter((code) => kindOfDefined(code) !== null);
      const known = own.length === 0 ? [] : await store.namedAreas();
      const groups: Record<string, AreaCode[] | string[]> = knownGroups(codes);
      const polygons: Record<string, OrderPolygon> = {};
      for (const code of own) {
        const area = known.find((each) => each.code === code);
        if (!area) {
          throw new CordonError(
            'unknown_area',
            `Nobody has made ${code} here: make the group or import the polygon first.`,
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

/** As many as a signed order takes. */
const MOST_TOUCHED = 64;
