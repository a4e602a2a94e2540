/**
 * Program that makes `index.bin` from Natural Earth's states and provinces (see README.md). Borders between subdivisions are exact to about
 * 200 m (`INNER`). Coasts and borders of countries may be coarser, because `position.ts` determines the country from other data.
 *
 * node shared/areas/subdivisions/build.ts BUILD_JSON
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { iso31662 } from 'iso-3166';
import { homeAreaOrNull } from '../area-code.ts';
import { type Border, encodeIndex } from './codec.ts';
import { AT_POINT, BY_NAME, EXCLUDED_COUNTRIES, NATIONS, RENAMED, SPELT, SPLIT } from './natural-earth.ts';

/** Number of coordinate units per degree. One unit is about 111 m. */
const UNITS = 1000;
/**
 * Maximum distance of a simplified border from the original, in coordinate units. `INNER`: borders between two subdivisions. `OUTER`:
 * coasts and borders of countries.
 */
const INNER = 2;
const OUTER = 10;
/**
 * Minimum median area of a country's subdivisions in square kilometers. Countries with smaller subdivisions are omitted: their subdivisions
 * are towns, which would almost reveal a position.
 */
const LEAST_MEDIAN = 100;

type Pair = readonly [number, number];
interface Feature {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly geometry:
    | { readonly type: 'Polygon'; readonly coordinates: readonly (readonly Pair[])[] }
    | { readonly type: 'MultiPolygon'; readonly coordinates: readonly (readonly (readonly Pair[])[])[] };
}

const ringsOf = ({ geometry }: Feature) =>
  geometry.type === 'Polygon' ? geometry.coordinates : geometry.coordinates.flat();
const textProperty = (feature: Feature, key: string): string => {
  const value = feature.properties[key];
  return typeof value === 'string' ? value : '';
};

/**
 * Words such as “province” or “of”, which one source includes in a subdivision's name and another omits. These words are removed before
 * names are compared.
 */
const FILLERS =
  /\b(province|region|county|governorate|district|department|prefecture|state|oblast|republic|respublika|parish|city|of|the|de|la|le|del|di|al|el|ar|as|ash|ad|an|az|at|and|wa|y|et|kraj|oblysy|zupanija|vilayet|changwat|si|do|ken|fu|to)\b/g;

function plain(name: string): string {
  const letters = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const latin = letters.replace(/[øłıđßəæð]/g, (letter) => SPELLED[letter] ?? letter);
  return latin
    .replace(/[’‘'`ʻʿ"]/g, '')
    .replace(FILLERS, ' ')
    .replace(/[^a-z0-9]+/g, '');
}
const SPELLED: Readonly<Record<string, string>> = { ø: 'o', ł: 'l', ı: 'i', đ: 'd', ß: 'ss', ə: 'e', æ: 'ae', ð: 'd' };

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const step = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + step));
    }
    row = next;
  }
  return row[b.length]!;
}

function alike(a: string, b: string): boolean {
  const shorter = Math.min(a.length, b.length);
  return a !== '' && (a === b || (shorter >= 5 && distance(a, b) <= shorter / 4));
}

const isoNames = (name: string) =>
  name
    .split(/[,/[\]()]/)
    .map(plain)
    .filter((each) => each !== '');
const ISO = new Map(iso31662.map(({ code, name, parent }) => [code, { names: isoNames(name), parent }]));

const ofCountry = (country: string) => [...ISO].filter(([code]) => code.startsWith(`${country}-`));

const NAMED = [
  'name',
  'name_alt',
  'name_local',
  'name_en',
  'woe_name',
  'gn_name',
  'gns_name',
  'name_fr',
  'name_es',
  'name_de',
];
const namesOf = (feature: Feature) =>
  NAMED.flatMap((key) => textProperty(feature, key).split(/[|/,;]/))
    .map(plain)
    .filter((each) => each.length > 1);

/** Present ISO 3166-2 code of a map feature; empty if the code is uncertain. */
function codeOf(feature: Feature): string {
  const theirs = textProperty(feature, 'iso_3166_2');
  const country = theirs.slice(0, 2);
  if (country === 'GB') return NATIONS[textProperty(feature, 'geonunit')] ?? '';
  if (EXCLUDED_COUNTRIES.has(country)) return '';
  const atPoint = AT_POINT.find(([code, point]) => code.startsWith(country) && inside(point, feature));
  if (atPoint) return atPoint[0];
  const renamed = RENAMED[`${theirs} ${textProperty(feature, 'name')}`] ?? RENAMED[theirs];
  if (renamed !== undefined) return renamed;
  const names = namesOf(feature);
  const iso = ISO.get(theirs);
  if (iso && !BY_NAME.has(country)) {
    if (SPELT.has(theirs)) return theirs;
    const main = plain(textProperty(feature, 'name'));
    const anothers = !iso.names.includes(main) && ofCountry(country).some(([, { names }]) => names.includes(main));
    if (!anothers && iso.names.some((each) => names.some((name) => alike(each, name)))) return theirs;
    // The map has some cities as separate features that carry the code of the province around them. Only the larger region is certain.
    return country === 'PH' && iso.parent !== country ? iso.parent : '';
  }
  if (!BY_NAME.has(country)) return '';
  const same = ofCountry(country).filter(
    ([, { names: theirNames, parent }]) => parent === country && theirNames.some((each) => names.includes(each)),
  );
  return same.length === 1 ? same[0]![0] : '';
}

function inside([x, y]: Pair, feature: Feature): boolean {
  let within = false;
  for (const ring of ringsOf(feature)) {
    ring.forEach(([qx, qy], i) => {
      const [px, py] = ring[(i + ring.length - 1) % ring.length]!;
      if (qy > y !== py > y && x < ((px - qx) * (y - qy)) / (py - qy) + qx) within = !within;
    });
  }
  return within;
}

/** Approximate area in square kilometers. */
function areaOf(feature: Feature): number {
  let sum = 0;
  for (const ring of ringsOf(feature)) {
    ring.forEach(([qx, qy], i) => {
      const [px, py] = ring[(i + ring.length - 1) % ring.length]!;
      sum += (px * qy - qx * py) * Math.cos(((py + qy) * Math.PI) / 360);
    });
  }
  return (Math.abs(sum) / 2) * 111.2 ** 2;
}

/** Codes of the subdivisions of the included countries. The code of a country alone stands for its land without a known subdivision. */
function chosen(features: readonly Feature[]): Map<string, Map<string, Feature[]>> {
  const included = new Map<string, Map<string, Feature[]>>();
  const byCountry = Map.groupBy(features, (feature) => textProperty(feature, 'iso_3166_2').slice(0, 2));
  for (const [country, theirs] of [...byCountry].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!homeAreaOrNull(country)) continue;
    const byCode = Map.groupBy(theirs, (feature) => {
      const code = codeOf(feature);
      return code === '' || SPLIT.has(code) || !homeAreaOrNull(code) ? country : code;
    });
    const sizes = [...byCode]
      .filter(([code]) => code !== country)
      .map(([, parts]) => parts.reduce((sum, part) => sum + areaOf(part), 0))
      .sort((a, b) => a - b);
    if (sizes.length > 0 && sizes[Math.floor(sizes.length / 2)]! >= LEAST_MEDIAN) included.set(country, byCode);
  }
  return included;
}

const text = ([x, y]: Pair) => `${x},${y}`;

/** Borders of subdivisions. Lines inside one subdivision, where its parts were merged, are removed. */
function bordersOf(byCode: ReadonlyMap<string, readonly Feature[]>): Border[] {
  const sides = new Map<string, { readonly a: Pair; readonly b: Pair; readonly of: Set<string> }>();
  for (const [code, features] of byCode) {
    for (const ring of features.flatMap(ringsOf)) {
      const points = ring.map(([x, y]): Pair => [Math.round(x * UNITS), Math.round(y * UNITS)]);
      points.forEach((b, i) => {
        const a = points[(i + points.length - 1) % points.length]!;
        if (text(a) === text(b)) return;
        const [from, to] = text(a) < text(b) ? [a, b] : [b, a];
        const key = `${text(from)} ${text(to)}`;
        const edge = sides.get(key) ?? { a: from, b: to, of: new Set<string>() };
        sides.set(key, edge);
        // If a line occurs twice on one side of a border, it encloses no area.
        if (!edge.of.delete(code)) edge.of.add(code);
      });
    }
  }
  return chains([...sides.values()].filter(({ of }) => of.size > 0)).map(({ points, label }) => {
    const [left, right, ...more] = label.split(' ');
    if (more.length > 0) process.stderr.write(`${label}: more than two share a line\n`);
    return { sides: [left!, right ?? ''], points: simplify(points, right === undefined ? OUTER : INNER) };
  });
}

interface Chain {
  readonly label: string;
  readonly points: Pair[];
}

/** Chains of edges between the same two subdivisions, up to the next branch. */
function chains(edges: readonly { readonly a: Pair; readonly b: Pair; readonly of: ReadonlySet<string> }[]): Chain[] {
  const labeled = edges.map(({ a, b, of }) => ({ a, b, label: [...of].sort().join(' '), used: false }));
  const at = new Map<string, (typeof labeled)[number][]>();
  for (const edge of labeled)
    for (const end of [edge.a, edge.b]) at.set(text(end), [...(at.get(text(end)) ?? []), edge]);
  const ends = (point: Pair) => {
    const here = at.get(text(point))!;
    return here.length !== 2 || here[0]!.label !== here[1]!.label;
  };
  const found: Chain[] = [];
  const follow = (first: (typeof labeled)[number], start: Pair) => {
    const points = [start];
    for (let edge: (typeof labeled)[number] | undefined = first; edge; ) {
      edge.used = true;
      const next: Pair = text(edge.a) === text(points.at(-1)!) ? edge.b : edge.a;
      points.push(next);
      edge = ends(next) ? undefined : at.get(text(next))!.find(({ used }) => !used);
    }
    found.push({ label: first.label, points });
  };
  for (const edge of labeled) for (const end of [edge.a, edge.b]) if (!edge.used && ends(end)) follow(edge, end);
  for (const edge of labeled) if (!edge.used) follow(edge, edge.a);
  return found;
}

/** Douglas–Peucker simplification. A closed line keeps at least three corners. */
function simplify(points: readonly Pair[], tolerance: number): Pair[] {
  const keep = new Set([0, points.length - 1]);
  const closed = text(points[0]!) === text(points.at(-1)!);
  const split = (from: number, to: number, least: number) => {
    let far = -1;
    let most = least;
    for (let i = from + 1; i < to; i += 1) {
      const off = offLine(points[i]!, points[from]!, points[to]!);
      if (off > most) [far, most] = [i, off];
    }
    if (far === -1) return;
    keep.add(far);
    split(from, far, tolerance);
    split(far, to, tolerance);
  };
  split(0, points.length - 1, closed ? 0 : tolerance);
  if (closed && keep.size === 3) {
    const middle = [...keep].find((i) => i !== 0 && i !== points.length - 1)!;
    split(0, middle, 0);
    if (keep.size === 3) split(middle, points.length - 1, 0);
  }
  return [...keep].sort((a, b) => a - b).map((i) => points[i]!);
}

/** Distance of a point from a line, with longitudes scaled by latitude. */
function offLine([x, y]: Pair, [ax, ay]: Pair, [bx, by]: Pair): number {
  const shrink = Math.cos((ay * Math.PI) / (180 * UNITS));
  const [px, py, qx, qy] = [(x - ax) * shrink, y - ay, (bx - ax) * shrink, by - ay];
  const length = qx * qx + qy * qy;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, (px * qx + py * qy) / length));
  return Math.hypot(px - along * qx, py - along * qy);
}

const [source] = process.argv.slice(2);
if (source === undefined) throw new Error('Say where the package’s data/build.json lies.');
const bytes = readFileSync(source);
const { features }: { features: Feature[] } = JSON.parse(bytes.toString('utf8'));
const countries = chosen(features);
const index = encodeIndex([...countries].map(([country, byCode]) => ({ country, borders: bordersOf(byCode) })));
writeFileSync(new URL('index.bin', import.meta.url), index);
const codes = [...countries.values()].reduce(
  (sum, byCode) => sum + [...byCode.keys()].filter((code) => code.length > 2).length,
  0,
);
process.stdout.write(
  `${countries.size} countries, ${codes} subdivisions, ${index.length} bytes\n` +
    `build.json ${createHash('sha256').update(bytes).digest('hex')}\nindex.bin  ${createHash('sha256').update(index).digest('hex')}\n`,
);
