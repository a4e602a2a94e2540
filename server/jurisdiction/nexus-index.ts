/**
 * Index of area codes by which an order finds its devices. The search may find too many devices, because each device's verdict is computed
 * afterward, but it must never miss a device.
 */
import {
  type EvidenceArea,
  type HomeArea,
  homeAreaOrNull,
  type LocationArea,
  locationOf,
  subdivisionsIn,
  territoryArea,
} from '../../shared/areas/area-code.ts';
import { indexCodes, mappedCodes, searchCodes } from '../../shared/areas/coverage.ts';
import { territoryNamedBy } from '../../shared/areas/territory-facts.ts';
import { EVIDENCE_SOURCES, type LocationState, type OrderRule } from '../../shared/verdict/terms.ts';
import type { AffectedQuery, IndexEntry } from './ports.ts';

export function affectedQuery(rule: OrderRule, now: number): AffectedQuery {
  const requiresLocation = rule.nexus.has('present') || rule.nexus.has('network');
  return {
    locations: requiresLocation ? searchCodes(rule) : [],
    homes: rule.nexus.has('home') ? homesIn(rule) : [],
    seats: rule.nexus.has('seat') ? homesIn(rule) : [],
    unknownAt: requiresLocation && rule.unknown === 'deny' ? now : null,
  };
}

/**
 * Returns the areas for the search of devices by home area or legal seat: the order's areas, their subdivisions, areas that contain or
 * overlap them, and disputed territories assigned to them. The search may find too many devices, but must not miss one.
 */
function homesIn(rule: OrderRule): HomeArea[] {
  const codes = new Set(searchCodes(rule));
  for (const area of [...rule.areas, ...mappedCodes(rule)]) {
    for (const subdivision of subdivisionsIn(area)) codes.add(subdivision);
  }
  return [...codes].flatMap((code) => homeAreaOrNull(code) ?? []);
}

/**
 * Areas of all evidence about a device, including expired evidence. The index entries of a device therefore change only with new evidence,
 * and never with time.
 */
export function nexusOf(state: LocationState): IndexEntry[] {
  const { counted, sightings } = state;
  const codesOf = (areas: readonly EvidenceArea[] = []) => new Set(areas.flatMap(indexCodesOf));
  const present = codesOf(counted?.areas);
  const known = codesOf(EVIDENCE_SOURCES.flatMap((source) => sightings[source]?.areas ?? []));
  return [
    ...[...present].map((area) => ({ nexus: 'present', area }) as const),
    ...[...known].filter((area) => !present.has(area)).map((area) => ({ nexus: 'seen', area }) as const),
    ...[...codesOf(sightings.network?.areas)].map((area) => ({ nexus: 'network', area }) as const),
    ...(sightings.address?.connected ? [{ nexus: 'connected', area: '' } as const] : []),
  ];
}

/**
 * Countries and disputed territories in which the device may be, sorted. Subdivisions are left out, because `nexusOf` lists their country
 * too.
 */
export function wholeAreasOf({ counted }: LocationState): LocationArea[] {
  const codes = new Set((counted?.areas ?? []).flatMap(indexCodesOf));
  return [...codes].filter((code) => code.length === 2 || code.startsWith('XX-')).sort();
}

/**
 * True if the two locations have the same index entries. May also be false if the entries are equal, because the function compares the
 * areas of the evidence and not the entries.
 */
export function haveSameNexus(a: LocationState, b: LocationState): boolean {
  const areasOf = (areas: readonly EvidenceArea[] | undefined) => areas?.join();
  return (
    areasOf(a.counted?.areas) === areasOf(b.counted?.areas) &&
    a.sightings.address?.connected === b.sightings.address?.connected &&
    EVIDENCE_SOURCES.every((source) => areasOf(a.sightings[source]?.areas) === areasOf(b.sightings[source]?.areas))
  );
}

/**
 * Returns the codes under which the index lists a device that may be in the given area. For an area in a disputed territory, the
 * territory's code is added, because each order decides which country the territory belongs to.
 */
function indexCodesOf(area: EvidenceArea): LocationArea[] {
  const territory = territoryNamedBy(locationOf(area));
  return territory ? [...new Set([...indexCodes(area), territoryArea(territory)])] : indexCodes(area);
}
