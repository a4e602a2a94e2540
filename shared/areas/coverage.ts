/**
 * How the areas of an order and the areas of evidence meet. A country covers its ISO 3166-2 subdivisions, and a larger one of them those
 * within it (`ES` covers `ES-CT`, and that `ES-B`); a part does not cover the whole, and a device of which only the whole is known may be in the
 * part: that is *contested*, not outside. Disputed ground
 * belongs where the order's own map says, and where it says nothing, to all its claimants as candidates.
 */
import {
  type AreaCode,
  DISPUTED_FEATURES,
  featureOf,
  groundArea,
  parentOf,
  placeIn,
  withParents,
} from './area-code.ts';
import { readAtom } from './atom.ts';
import { DISPUTED, featureOfCode } from './disputed.ts';
import type { AreaPolygon } from './polygon.ts';

export type Relation = 'inside' | 'outside' | 'contested';

/** The part of an order that says where it holds: groups expanded, its map, and its polygons. */
export interface Reach {
  readonly areas: ReadonlySet<AreaCode>;
  readonly disputed: ReadonlyMap<string, AreaCode>;
  /** Absent: none. */
  readonly polygons?: readonly AreaPolygon[];
}

const IN = 1;
const OUT = 2;
const BOTH = IN | OUT;

/** Countries and larger subdivisions of which an order names a part. Kept by the order's own set, so that it is worked out once. */
const partlyNamed = new WeakMap<ReadonlySet<AreaCode>, ReadonlySet<AreaCode>>();

function partly(areas: ReadonlySet<AreaCode>): ReadonlySet<AreaCode> {
  let wholes = partlyNamed.get(areas);
  if (!wholes) {
    wholes = new Set([...areas].flatMap((area) => withParents(area).slice(1)));
    partlyNamed.set(areas, wholes);
  }
  return wholes;
}

function ofPlace(area: AreaCode, areas: ReadonlySet<AreaCode>): number {
  for (let whole: AreaCode | null = area; whole; whole = parentOf(whole)) if (areas.has(whole)) return IN;
  return partly(areas).has(area) ? BOTH : OUT;
}

function ofCandidate(candidate: AreaCode, reach: Reach): number {
  const { polygons } = reach;
  const place = placeIn(candidate);
  const sides = ofGround(place, reach);
  if (!polygons?.length || sides === IN) return sides;
  const atom = readAtom(candidate);
  if (polygons.some(({ code }) => atom?.inside.includes(code))) return IN;
  const wholes = withParents(place);
  const perhaps = polygons.some(
    ({ code, touches }) => !atom?.outside.includes(code) && wholes.some((whole) => touches.has(whole)),
  );
  return perhaps ? BOTH : sides;
}

function ofGround(area: AreaCode, { areas, disputed }: Reach): number {
  const ground = featureOf(area);
  if (ground) {
    const owner = disputed.get(ground);
    if (owner) return ofPlace(owner, areas);
    let sides = 0;
    for (const claimant of DISPUTED[ground].claimants) sides |= ofPlace(claimant, areas);
    return sides;
  }
  if (disputed.size > 0) {
    const named = featureOfCode(area);
    const owner = named ? disputed.get(named) : undefined;
    // Whose it is by its own code, the map does not move: an order for this very part of it reaches it as ever.
    if (owner && !withParents(area).includes(owner)) return ofPlace(owner, areas);
  }
  return ofPlace(area, areas);
}

/** Where a device with these candidates is, relative to an order. There must be at least one candidate. */
export function relate(candidates: readonly AreaCode[], reach: Reach): Relation {
  let sides = 0;
  for (const candidate of candidates) sides |= ofCandidate(candidate, reach);
  return sides === IN ? 'inside' : sides === OUT ? 'outside' : 'contested';
}

/** Whether two pieces of evidence can both be true of one device. */
export function agree(one: AreaCode, other: AreaCode): boolean {
  if (one === other) return true;
  const [a, b] = [placeIn(one), placeIn(other)];
  const [atomA, atomB] = [readAtom(one), readAtom(other)];
  const denied = (inside: readonly string[] = [], outside: readonly string[] = []) =>
    inside.some((polygon) => outside.includes(polygon));
  if (denied(atomA?.inside, atomB?.outside) || denied(atomB?.inside, atomA?.outside)) return false;
  if (a === b) return true;
  const [groundA, groundB] = [featureOf(a), featureOf(b)];
  if (groundA) return DISPUTED[groundA].claimants.includes(b) || featureOfCode(b) === groundA;
  if (groundB) return DISPUTED[groundB].claimants.includes(a) || featureOfCode(a) === groundB;
  return withParents(a).includes(b) || withParents(b).includes(a);
}

/** Whether `a` says what `b` says, or more closely. */
export function refines(a: AreaCode, b: AreaCode): boolean {
  if (!withParents(placeIn(a)).includes(placeIn(b))) return false;
  const [closer, wider] = [readAtom(a), readAtom(b)];
  if (!wider) return true;
  const { inside = [], outside = [] } = closer ?? {};
  return (
    wider.inside.every((polygon) => inside.includes(polygon)) &&
    wider.outside.every((polygon) => outside.includes(polygon))
  );
}

/**
 * The codes under which an index of candidates finds every device that such an order may reach: never too few, sometimes too many.
 * The index holds each candidate under all of `indexCodes`.
 */
export function searchCodes(reach: Reach): AreaCode[] {
  return [...new Set([...ownCodes(reach), ...mappedCodes(reach)])];
}

const ownCodes = ({ areas, polygons = [] }: Reach): Set<AreaCode> =>
  new Set([...areas, ...partly(areas), ...polygons.flatMap(({ touches }) => [...touches])]);

/** The codes of disputed ground that an order's own map puts where the order may reach it. */
export function mappedCodes(reach: Reach): AreaCode[] {
  const codes = ownCodes(reach);
  return DISPUTED_FEATURES.flatMap((feature) => {
    const owner = reach.disputed.get(feature);
    if (!owner || !withParents(owner).some((whole) => codes.has(whole))) return [];
    return [groundArea(feature), ...DISPUTED[feature].codes];
  });
}

/**
 * A candidate's place, all that holds it, and for disputed ground each claimant and each code that means it. Polygons are
 * not among them: whoever is in one is found by the country, which the polygon touches.
 */
export function indexCodes(candidate: AreaCode): AreaCode[] {
  const place = placeIn(candidate);
  const ground = featureOf(place);
  if (!ground) return withParents(place);
  const { claimants, codes } = DISPUTED[ground];
  return [...new Set([place, ...[...claimants, ...codes].flatMap(withParents)])];
}
