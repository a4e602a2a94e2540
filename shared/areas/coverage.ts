/**
 * Comparison of an order's areas with evidence. A country covers its subdivisions. If an order names only a part of an area, a device in
 * the area is *contested*, because it may be in that part. A disputed territory that the order does not assign is treated as part of every
 * country that claims it.
 */
import {
  type EvidenceArea,
  type LocationArea,
  locationOf,
  parentOf,
  partsOf,
  TERRITORIES,
  type Territory,
  territoryArea,
  territoryOf,
  withParents,
} from './area-code.ts';
import type { AreaPolygon } from './polygon.ts';
import { TERRITORY_FACTS, territoryNamedBy } from './territory-facts.ts';

export type Relation = 'inside' | 'outside' | 'contested';

/** Areas of an order: locations with groups replaced by their members, assignments of disputed territories, and polygons. */
export interface OrderAreas {
  readonly areas: ReadonlySet<LocationArea>;
  readonly disputed: ReadonlyMap<string, LocationArea>;
  readonly polygons?: readonly AreaPolygon[];
}

const IN = 1;
const OUT = 2;
const BOTH = IN | OUT;

/** Countries and larger subdivisions of which an order names only a part, computed once for each set of areas. */
const partlyNamedByAreas = new WeakMap<ReadonlySet<LocationArea>, ReadonlySet<LocationArea>>();

function partlyNamedIn(areas: ReadonlySet<LocationArea>): ReadonlySet<LocationArea> {
  let partlyNamed = partlyNamedByAreas.get(areas);
  if (!partlyNamed) {
    partlyNamed = new Set([...areas].flatMap((area) => withParents(area).slice(1)));
    partlyNamedByAreas.set(areas, partlyNamed);
  }
  return partlyNamed;
}

function sideOfLocation(area: LocationArea, areas: ReadonlySet<LocationArea>): number {
  for (let whole: LocationArea | null = area; whole; whole = parentOf(whole)) if (areas.has(whole)) return IN;
  return partlyNamedIn(areas).has(area) ? BOTH : OUT;
}

function sideOfCandidate(candidate: EvidenceArea, orderAreas: OrderAreas): number {
  const { polygons } = orderAreas;
  const location = locationOf(candidate);
  const sides = sideInMap(location, orderAreas);
  if (!polygons?.length || sides === IN) return sides;
  const { inside, outside } = partsOf(candidate);
  if (polygons.some(({ code }) => inside.includes(code))) return IN;
  const containing = withParents(location);
  const perhaps = polygons.some(
    ({ code, touches }) => !outside.includes(code) && containing.some((whole) => touches.has(whole)),
  );
  return perhaps ? BOTH : sides;
}

/**
 * Returns whether a disputed territory is inside an order's areas, on the assumption that the territory belongs to the country `claimant`.
 * `IN`: the areas include the country, or all subdivisions to which its law assigns the territory. `BOTH` (contested): the areas include
 * only some of these subdivisions. `OUT`: none.
 */
function sideOfClaim(territory: Territory, claimant: LocationArea, areas: ReadonlySet<LocationArea>): number {
  const whole = sideOfLocation(claimant, areas);
  if (whole !== BOTH) return whole;
  const subdivisions = TERRITORY_FACTS[territory].claimedSubdivisions[claimant] ?? [];
  return subdivisions.reduce((sides, code) => sides | sideOfLocation(code, areas), 0) || OUT;
}

function sideInMap(area: LocationArea, { areas, disputed }: OrderAreas): number {
  const territory = territoryOf(area);
  if (territory) {
    const owner = disputed.get(territory);
    if (owner) return sideOfClaim(territory, owner, areas);
    let sides = 0;
    for (const claimant of TERRITORY_FACTS[territory].claimants) sides |= sideOfClaim(territory, claimant, areas);
    return sides;
  }
  if (disputed.size > 0) {
    const named = territoryNamedBy(area);
    const owner = named ? disputed.get(named) : undefined;
    // The assignment of a territory does not affect an area whose own code already determines its country. An order for exactly this area
    // still covers it.
    if (named && owner && !withParents(area).includes(owner)) return sideOfClaim(named, owner, areas);
  }
  return sideOfLocation(area, areas);
}

/** Relation of a device to an order's areas. `candidates` are the areas in which the device may be; at least one is required. */
export function relate(candidates: readonly EvidenceArea[], orderAreas: OrderAreas): Relation {
  let sides = 0;
  for (const candidate of candidates) sides |= sideOfCandidate(candidate, orderAreas);
  return sides === IN ? 'inside' : sides === OUT ? 'outside' : 'contested';
}

/** Whether two evidence areas can both be true of one device. */
export function agree(one: EvidenceArea, other: EvidenceArea): boolean {
  if (one === other) return true;
  const [partsA, partsB] = [partsOf(one), partsOf(other)];
  const [a, b] = [partsA.location, partsB.location];
  const common = (inside: readonly string[], outside: readonly string[]) =>
    inside.some((polygon) => outside.includes(polygon));
  if (common(partsA.inside, partsB.outside) || common(partsB.inside, partsA.outside)) return false;
  if (a === b) return true;
  const [territoryA, territoryB] = [territoryOf(a), territoryOf(b)];
  if (territoryA) return TERRITORY_FACTS[territoryA].claimants.includes(b) || territoryNamedBy(b) === territoryA;
  if (territoryB) return TERRITORY_FACTS[territoryB].claimants.includes(a) || territoryNamedBy(a) === territoryB;
  if (nameSameTerritory(a, b)) return true;
  return withParents(a).includes(b) || withParents(b).includes(a);
}

/** Whether two codes of different countries mean the same disputed territory, as `XK` and `RS-KM` do. */
function nameSameTerritory(a: LocationArea, b: LocationArea): boolean {
  const territory = territoryNamedBy(a);
  return territory !== null && territory === territoryNamedBy(b) && a.slice(0, 2) !== b.slice(0, 2);
}

/** Whether evidence area `a` is equal to `b` or more exact. */
export function refines(a: EvidenceArea, b: EvidenceArea): boolean {
  const [closer, wider] = [partsOf(a), partsOf(b)];
  return (
    withParents(closer.location).includes(wider.location) &&
    wider.inside.every((polygon) => closer.inside.includes(polygon)) &&
    wider.outside.every((polygon) => closer.outside.includes(polygon))
  );
}

/**
 * Codes with which a database index finds the devices that an order may affect. The index lists each device under the `indexCodes` of its
 * possible areas. The search finds every affected device, and possibly others.
 */
export function searchCodes(orderAreas: OrderAreas): LocationArea[] {
  return [...new Set([...ownCodes(orderAreas), ...mappedCodes(orderAreas)])];
}

const ownCodes = ({ areas, polygons = [] }: OrderAreas): Set<LocationArea> =>
  new Set([...areas, ...partlyNamedIn(areas), ...polygons.flatMap(({ touches }) => [...touches])]);

/** Codes of disputed territories that the order assigns to its own areas. */
export function mappedCodes(orderAreas: OrderAreas): LocationArea[] {
  const codes = ownCodes(orderAreas);
  return TERRITORIES.flatMap((feature) => {
    const owner = orderAreas.disputed.get(feature);
    if (!owner || !withParents(owner).some((whole) => codes.has(whole))) return [];
    return [territoryArea(feature), ...TERRITORY_FACTS[feature].codes];
  });
}

/**
 * Codes under which a database index lists a device: its location, all areas that contain it, and for a disputed territory its claimants
 * and their codes for the territory. Polygons need no code, because a search for the countries that they overlap finds the device.
 */
export function indexCodes(candidate: EvidenceArea): LocationArea[] {
  const location = locationOf(candidate);
  const territory = territoryOf(location);
  if (!territory) return withParents(location);
  const { claimants, codes } = TERRITORY_FACTS[territory];
  return [...new Set([location, ...[...claimants, ...codes].flatMap(withParents)])];
}
