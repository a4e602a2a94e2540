/**
 * ISO 3166-2 subdivision of a position, from `index.bin` (README.md). Only subdivisions of the already known country are searched, so that
 * subdivision and country never contradict each other. The file is read at the first look-up, and each country is decoded at its first
 * look-up.
 */
import { readFileSync } from 'node:fs';
import { type HomeArea, homeAreaOrNull, parseHomeArea, withParents } from '../area-code.ts';
import type { Point } from '../point.ts';
import { type CountryEdges, readCountry, readTable } from './codec.ts';

const UNITS = 1000;
/** Height in coordinate units of the bands of latitude into which edges are sorted for fast look-up. */
const BAND = 100;
/**
 * Maximum distance from a position outside all outlines to the nearest subdivision: 0.09 degrees of latitude, about 10 km. Outlines of
 * coasts and countries are coarse, so a position on land can lie outside all of them.
 */
const MAX_DISTANCE = 90;

interface Country extends CountryEdges {
  readonly areas: readonly (HomeArea | null)[];
  readonly bands: ReadonlyMap<number, readonly number[]>;
  /**
   * Parity of the number of times that a ray crosses each subdivision's borders: 0 for even, 1 for odd. `enclosing` needs zeros at the
   * start of a search, so it resets the array at the end of each search.
   */
  readonly crossed: Uint8Array;
}

let index: { readonly bytes: Buffer; readonly table: ReadonlyMap<string, number> } | null = null;
const countries = new Map<string, Country | null>();

/**
 * Returns the ISO 3166-2 subdivision at a point in `country`. Returns null if `index.bin` lacks the country, if the current ISO code of the
 * area is unknown, or if all subdivisions are more than 10 km away.
 */
export function subdivisionAt(point: Point, country: HomeArea): HomeArea | null {
  const found = linesOf(country);
  if (!found) return null;
  const [x, y] = [point[0] * UNITS, point[1] * UNITS];
  return found.areas[enclosing(found, x, y) ?? nearest(found, x, y) ?? -1] ?? null;
}

/**
 * Whether a position can show that a device is in the subdivision. For this, `index.bin` must contain the borders of the subdivision or of
 * its parts.
 */
export function hasBorders(subdivision: HomeArea): boolean {
  const areas = linesOf(parseHomeArea(subdivision.slice(0, 2)))?.areas ?? [];
  return areas.some((area) => area !== null && withParents(area).includes(subdivision));
}

function linesOf(country: HomeArea): Country | null {
  let found = countries.get(country);
  if (found === undefined) {
    index ??= openIndex();
    const begin = index.table.get(country);
    found = begin === undefined ? null : prepare(readCountry(index.bytes, begin));
    countries.set(country, found);
  }
  return found;
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
  // Codes of up to two letters are countries. They stand for land without a known subdivision.
  const areas = edges.codes.map((code) => (code.length > 2 ? homeAreaOrNull(code) : null));
  return { ...edges, areas, bands, crossed: new Uint8Array(edges.codes.length) };
}

const bandOf = (y: number) => Math.floor(y / BAND);

/**
 * Subdivision whose borders a ray to the east crosses an odd number of times. Null if there is none, or if several match because lines
 * overlap.
 */
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
    // Index 0 in the table of codes means that there is no subdivision.
    if (crossed[side] === 1 && side !== 0) {
      several ||= within !== null;
      within = side;
    }
    crossed[side] = 0;
  }
  return several ? null : within;
}

/** Subdivision with the border nearest to the point, within the distance `MAX_DISTANCE`. */
function nearest({ ends, sides, bands }: Country, x: number, y: number): number | null {
  const shrink = Math.max(0.01, Math.cos((y * Math.PI) / (180 * UNITS)));
  let least = MAX_DISTANCE * MAX_DISTANCE;
  let found: number | null = null;
  for (let band = bandOf(y - MAX_DISTANCE); band <= bandOf(y + MAX_DISTANCE); band += 1) {
    for (const edge of bands.get(band) ?? []) {
      const ax = (ends[edge * 4]! - x) * shrink;
      const ay = ends[edge * 4 + 1]! - y;
      const bx = (ends[edge * 4 + 2]! - x) * shrink;
      const by = ends[edge * 4 + 3]! - y;
      if ((ax > MAX_DISTANCE && bx > MAX_DISTANCE) || (ax < -MAX_DISTANCE && bx < -MAX_DISTANCE)) continue;
      const [dx, dy] = [bx - ax, by - ay];
      const length = dx * dx + dy * dy;
      const along = length === 0 ? 0 : Math.min(1, Math.max(0, -(ax * dx + ay * dy) / length));
      const off = (ax + along * dx) ** 2 + (ay + along * dy) ** 2;
      // For a point outside two neighboring subdivisions, only their outer borders are relevant, so the border between the two is skipped.
      if (off >= least || (sides[edge * 2]! !== 0 && sides[edge * 2 + 1]! !== 0)) continue;
      least = off;
      found = sides[edge * 2] || sides[edge * 2 + 1]!;
    }
  }
  return found;
}
