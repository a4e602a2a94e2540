/**
 * Position → ISO 3166-2, by `index.bin` (README.md). The country is known already; only its own subdivisions are looked at, so that none can
 * contradict it. The file is read with the first position, and a country's lines with the first position in it.
 */
import { readFileSync } from 'node:fs';
import { type AreaCode, placeOrNull } from '../area-code.ts';
import type { Point } from '../point.ts';
import { type CountryEdges, readCountry, readTable } from './codec.ts';

/** Thousandths of a degree in one. */
const UNITS = 1000;
/** Edges are looked up by bands of latitude of this height, in units. */
const BAND = 100;
/** Coasts and borders of countries are coarse: from outside all lines, the nearest counts up to this far, in units of latitude: 10 km. */
const NEAR = 90;

interface Country extends CountryEdges {
  readonly areas: readonly (AreaCode | null)[];
  readonly bands: ReadonlyMap<number, readonly number[]>;
  /** How often a ray has crossed a border of each; all even between two lookups. */
  readonly crossed: Uint8Array;
}

let index: { readonly bytes: Buffer; readonly table: ReadonlyMap<string, number> } | null = null;
const countries = new Map<string, Country | null>();

/** Null where the index does not know: a country without an entry, ground whose code has changed since, far out at sea. */
export function subdivisionAt(point: Point, country: AreaCode): AreaCode | null {
  let found = countries.get(country);
  if (found === undefined) {
    index ??= openIndex();
    const begin = index.table.get(country);
    found = begin === undefined ? null : prepare(readCountry(index.bytes, begin));
    countries.set(country, found);
  }
  if (!found) return null;
  const [x, y] = [point[0] * UNITS, point[1] * UNITS];
  return found.areas[enclosing(found, x, y) ?? nearest(found, x, y) ?? -1] ?? null;
}

function openIndex() {
  const bytes = readFileSync(new URL('index.bin', import.meta.url));
  return { bytes, table: readTable(bytes) };
}

function prepare(edges: CountryEdges): Country {
  const bands = new Map<number, number[]>();
  for (let edge = 0; edge * 4 < edges.ends.length; edge += 1) {
    const [y1, y2] = [edges.ends[edge * 4 + 1]!, edges.ends[edge * 4 + 3]!];
    for (let band = bandOf(Math.min(y1, y2)); band <= bandOf(Math.max(y1, y2)); band += 1) {
      const there = bands.get(band);
      if (there) there.push(edge);
      else bands.set(band, [edge]);
    }
  }
  // Ground of the country itself is nobody's subdivision.
  const areas = edges.codes.map((code) => (code.length > 2 ? placeOrNull(code) : null));
  return { ...edges, areas, bands, crossed: new Uint8Array(edges.codes.length) };
}

const bandOf = (y: number) => Math.floor(y / BAND);

/** Whose borders a ray to the east crosses an odd number of times; null for none, or for several where lines overlap. */
function enclosing({ ends, sides, bands, crossed }: Country, x: number, y: number): number | null {
  const touched: number[] = [];
  for (const edge of bands.get(bandOf(y)) ?? []) {
    const [x1, y1, x2, y2] = [ends[edge * 4]!, ends[edge * 4 + 1]!, ends[edge * 4 + 2]!, ends[edge * 4 + 3]!];
    if (y1 > y === y2 > y || x >= ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) continue;
    for (const side of [sides[edge * 2]!, sides[edge * 2 + 1]!]) {
      crossed[side]! ^= 1;
      touched.push(side);
    }
  }
  let within: number | null = null;
  let several = false;
  for (const side of touched) {
    // The outside is none.
    if (crossed[side] === 1 && side !== 0) {
      several ||= within !== null;
      within = side;
    }
    crossed[side] = 0;
  }
  return several ? null : within;
}

/** Whose border is nearest, within `NEAR`. */
function nearest({ ends, sides, bands }: Country, x: number, y: number): number | null {
  const shrink = Math.max(0.01, Math.cos((y * Math.PI) / (180 * UNITS)));
  let least = NEAR * NEAR;
  let found: number | null = null;
  for (let band = bandOf(y - NEAR); band <= bandOf(y + NEAR); band += 1) {
    for (const edge of bands.get(band) ?? []) {
      const ax = (ends[edge * 4]! - x) * shrink;
      const ay = ends[edge * 4 + 1]! - y;
      const bx = (ends[edge * 4 + 2]! - x) * shrink;
      const by = ends[edge * 4 + 3]! - y;
      if ((ax > NEAR && bx > NEAR) || (ax < -NEAR && bx < -NEAR)) continue;
      const [dx, dy] = [bx - ax, by - ay];
      const length = dx * dx + dy * dy;
      const along = length === 0 ? 0 : Math.min(1, Math.max(0, -(ax * dx + ay * dy) / length));
      const off = (ax + along * dx) ** 2 + (ay + along * dy) ** 2;
      // A border between two says nothing of a point outside both: their outer borders do.
      if (off >= least || (sides[edge * 2]! !== 0 && sides[edge * 2 + 1]! !== 0)) continue;
      least = off;
      found = sides[edge * 2] || sides[edge * 2 + 1]!;
    }
  }
  return found;
}
