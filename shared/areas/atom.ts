/**
 * What a position says beside the place that it is in: which polygons of orders it lies in, and which it does not. `PK-PB+XZ-lahore@2!XZ-ravi@1`
 * is in Punjab, inside version 2 of one polygon and outside version 1 of the other. A place alone says nothing of polygons; sources that know no
 * position never do. Sorted, so that what says the same is the same text.
 */
/** A polygon in an order. */
export const POLYGON_CODE = /^XZ-[a-z0-9]+(-[a-z0-9]+)*$/;
/** A group of one's own in an order. */
export const OWN_GROUP_CODE = /^XG-[a-z0-9]+(-[a-z0-9]+)*$/;
/** Of either, in characters. */
export const LONGEST_CODE = 32;
/** Of this many polygons at most a position says whether it is in them. */
export const MOST_POLYGONS = 16;
/** Of an atom, in characters. */
export const LONGEST_ATOM = 700;

/** One version of a polygon. */
export const POLYGON_VERSION = /^XZ-[a-z0-9]+(-[a-z0-9]+)*@[1-9][0-9]{0,5}$/;
const PARTS = /([+!])(XZ-[a-z0-9-]{1,29}@[1-9][0-9]{0,5})/g;

export interface Atom {
  readonly place: string;
  /** Versioned: `XZ-lahore@2`. */
  readonly inside: readonly string[];
  readonly outside: readonly string[];
}

export function atomText({ place, inside, outside }: Atom): string {
  return [
    place,
    ...[...inside].sort().map((polygon) => `+${polygon}`),
    ...[...outside].sort().map((polygon) => `!${polygon}`),
  ].join('');
}

/** Null for what is a place alone, or no atom. */
export function readAtom(text: string): Atom | null {
  if (!text.includes('@') || text.length > LONGEST_ATOM) return null;
  const begin = text.search(/[+!]/);
  if (begin === -1) return null;
  const inside: string[] = [];
  const outside: string[] = [];
  for (const [, sign, polygon] of text.slice(begin).matchAll(PARTS)) (sign === '+' ? inside : outside).push(polygon!);
  const atom = { place: text.slice(0, begin), inside, outside };
  const known = new Set([...inside, ...outside]);
  const sound = known.size === inside.length + outside.length && known.size <= MOST_POLYGONS;
  return sound && atomText(atom) === text ? atom : null;
}
