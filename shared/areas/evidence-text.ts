/**
 * Text form of an evidence area: a location, with the polygons that contain the position (`+`) and those that do not (`!`).
 * `PK-PB+XZ-lahore@2!XZ-ravi@1` is in Punjab, inside version 2 of one polygon and outside version 1 of the other. Polygons are sorted, so
 * that equal areas have equal texts.
 */

export const POLYGON_CODE = /^XZ-[a-z0-9]+(-[a-z0-9]+)*$/;
export const OWN_GROUP_CODE = /^XG-[a-z0-9]+(-[a-z0-9]+)*$/;
export const LONGEST_CODE = 32;
export const MOST_POLYGONS = 16;
export const LONGEST_EVIDENCE_AREA = 700;

export const POLYGON_VERSION = /^XZ-[a-z0-9]+(-[a-z0-9]+)*@[1-9][0-9]{0,5}$/;
const POLYGONS = /([+!])(XZ-[a-z0-9-]{1,29}@[1-9][0-9]{0,5})/g;

export interface EvidenceParts<Location extends string = string> {
  readonly location: Location;
  readonly inside: readonly string[];
  readonly outside: readonly string[];
}

export function evidenceText({ location, inside, outside }: EvidenceParts): string {
  return [
    location,
    ...[...inside].sort().map((polygon) => `+${polygon}`),
    ...[...outside].sort().map((polygon) => `!${polygon}`),
  ].join('');
}

/**
 * Parses the text form of a location with polygons, such as `PK-PB+XZ-lahore@2`. Returns null for a location without polygons and for
 * invalid text.
 */
export function readPolygons(text: string): EvidenceParts | null {
  if (!text.includes('@') || text.length > LONGEST_EVIDENCE_AREA) return null;
  const begin = text.search(/[+!]/);
  if (begin === -1) return null;
  const inside: string[] = [];
  const outside: string[] = [];
  for (const [, sign, polygon] of text.slice(begin).matchAll(POLYGONS))
    (sign === '+' ? inside : outside).push(polygon!);
  const parts = { location: text.slice(0, begin), inside, outside };
  const known = new Set([...inside, ...outside]);
  const sound = known.size === inside.length + outside.length && known.size <= MOST_POLYGONS;
  return sound && evidenceText(parts) === text ? parts : null;
}
