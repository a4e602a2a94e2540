/**
 * How the areas of an order and the areas of evidence meet. A country covers its ISO 3166-2 subdivisions; a subdivision does not cover
 * its country, and a device of which only the country is known may be in it: that is *contested*, not outside. Disputed ground
 * belongs where the order's own map says, and where it says nothing, to all its claimants as candidates.
 */
import { type AreaCode, countryOf, DISPUTED_FEATURES, featureOf, groundArea } from './area-code.ts';
import { DISPUTED, featureOfCode } from './disputed.ts';

export type Relation = 'inside' | 'outside' | 'contested';

/** The part of an order that says where it holds: groups expanded, and its map. */
export interface Reach {
  readonly areas: ReadonlySet<AreaCode>;
  readonly disputed: ReadonlyMap<string, AreaCode>;
}

const IN = 1;
const OUT = 2;
const BOTH = IN | OUT;

/** Countries of which an order names a subdivision. Kept by the order's own set, so that it is worked out once. */
const partlyNamed = new WeakMap<ReadonlySet<AreaCode>, ReadonlySet<AreaCode>>();

function partly(areas: ReadonlySet<AreaCode>): ReadonlySet<AreaCode> {
  let countries = partlyNamed.get(areas);
  if (!countries) {
    countries = new Set([...areas].filter((area) => countryOf(area) !== area).map(countryOf));
    partlyNamed.set(areas, countries);
  }
  return countries;
}

function ofPlace(area: AreaCode, areas: ReadonlySet<AreaCode>): number {
  if (areas.has(area)) return IN;
  if (area.length > 2) return areas.has(countryOf(area)) ? IN : OUT;
  return partly(areas).has(area) ? BOTH : OUT;
}

function ofCandidate(area: AreaCode, { areas, disputed }: Reach): number {
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
    if (owner) return ofPlace(owner, areas);
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
export function agree(a: AreaCode, b: AreaCode): boolean {
  if (a === b) return true;
  const [groundA, groundB] = [featureOf(a), featureOf(b)];
  if (groundA) return DISPUTED[groundA].claimants.includes(b) || DISPUTED[groundA].codes.includes(b);
  if (groundB) return DISPUTED[groundB].claimants.includes(a) || DISPUTED[groundB].codes.includes(a);
  return a.length !== b.length && (countryOf(a) === b || countryOf(b) === a);
}

/**
 * The codes under which an index of candidates finds every device that such an order may reach: never too few, sometimes too many.
 * The index holds each candidate under all of `indexCodes`.
 */
export function searchCodes({ areas, disputed }: Reach): AreaCode[] {
  const codes = new Set<AreaCode>([...areas, ...partly(areas)]);
  for (const feature of DISPUTED_FEATURES) {
    const owner = disputed.get(feature);
    if (!owner || !(codes.has(owner) || codes.has(countryOf(owner)))) continue;
    for (const code of [groundArea(feature), ...DISPUTED[feature].codes]) codes.add(code);
  }
  return [...codes];
}

/** A candidate, its country, and for disputed ground each claimant and each code that means it. */
export function indexCodes(candidate: AreaCode): AreaCode[] {
  const ground = featureOf(candidate);
  if (!ground) return [...new Set([candidate, countryOf(candidate)])];
  const { claimants, codes } = DISPUTED[ground];
  return [...new Set([candidate, ...claimants, ...codes, ...[...claimants, ...codes].map(countryOf)])];
}
