/**
 * The index by which an order finds its devices: what a device stands under, and what an order looks for. It may find too many, since
 * the verdict decides; it must never miss one (`tests/contract/jurisdiction.test.ts` holds it to the table of cases).
 */
import { type AreaCode, groundArea, placeIn, placeOrNull, subdivisionsOf } from '../../shared/areas/area-code.ts';
import { indexCodes, mappedCodes, searchCodes } from '../../shared/areas/coverage.ts';
import { featureOfCode } from '../../shared/areas/disputed.ts';
import { EVIDENCE_SOURCES, type LocationState, type OrderRule } from '../../shared/verdict/terms.ts';
import type { LocationWrite, Reached } from './ports.ts';

/** Whom an order looks for at `now`. */
export function reachOf(rule: OrderRule, now: number): Reached {
  const asksForPlace = rule.nexus.has('present') || rule.nexus.has('network');
  return {
    places: asksForPlace ? searchCodes(rule) : [],
    homes: rule.nexus.has('home') ? homesIn(rule) : [],
    seats: rule.nexus.has('seat') ? homesIn(rule) : [],
    unknownAt: asksForPlace && rule.unknown === 'deny' ? now : null,
  };
}

/** All homes that an order's areas hold: its countries' subdivisions too, and what its own map puts there, with its parts. */
function homesIn(rule: OrderRule): AreaCode[] {
  const codes = new Set(searchCodes(rule));
  for (const area of [...rule.areas, ...mappedCodes(rule)]) {
    for (const subdivision of subdivisionsOf(area)) codes.add(subdivision);
  }
  return [...codes].filter((code) => placeOrNull(code) !== null);
}

/**
 * Under what an order finds the device. All that any source says is in it, so that time alone (a source that lapses, a change that
 * comes to count) never moves a device to where the index does not have it.
 */
export function tiesOf(state: LocationState): LocationWrite['ties'] {
  const { counted, sightings } = state;
  const codesOf = (areas: readonly AreaCode[] = []) => new Set(areas.flatMap(codesOfCandidate));
  const present = codesOf(counted?.areas);
  const seen = codesOf(EVIDENCE_SOURCES.flatMap((source) => sightings[source]?.areas ?? []));
  return [
    ...[...present].map((area) => ({ tie: 'present', area }) as const),
    ...[...seen].filter((area) => !present.has(area)).map((area) => ({ tie: 'seen', area }) as const),
    ...[...codesOf(sightings.network?.areas)].map((area) => ({ tie: 'network', area }) as const),
    ...(sightings.address?.connected ? [{ tie: 'connected', area: '' } as const] : []),
  ];
}

/** A code that means disputed ground is found under the ground as well, since an order's map speaks of that. */
function codesOfCandidate(area: AreaCode): AreaCode[] {
  const ground = featureOfCode(placeIn(area));
  return ground ? [...new Set([...indexCodes(area), groundArea(ground)])] : indexCodes(area);
}
