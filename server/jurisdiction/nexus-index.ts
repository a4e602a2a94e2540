/**
 * Index by which an order finds its devices. It contains area codes for each device, and an order searches for area codes. The search may
 * find too many devices, because the verdict decides for each device afterward. It must never miss a device.
 * `tests/contract/jurisdiction.test.ts` compares the index with the verdict cases.
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
import type { AffectedQuery, LocationWrite } from './ports.ts';

export function affectedQuery(rule: OrderRule, now: number): AffectedQuery {
  const asksForLocation = rule.nexus.has('present') || rule.nexus.has('network');
  return {
    locations: asksForLocation ? searchCodes(rule) : [],
    homes: rule.nexus.has('home') ? homesIn(rule) : [],
    seats: rule.nexus.has('seat') ? homesIn(rule) : [],
    unknownAt: asksForLocation && rule.unknown === 'deny' ? now : null,
  };
}

/**
 * Home areas to which an order applies: the areas of the order, their subdivisions, and the territories that the order's territory policy
 * assigns to these areas.
 */
function homesIn(rule: OrderRule): HomeArea[] {
  const codes = new Set(searchCodes(rule));
  for (const area of [...rule.areas, ...mappedCodes(rule)]) {
    for (const subdivision of subdivisionsIn(area)) codes.add(subdivision);
  }
  return [...codes].flatMap((code) => homeAreaOrNull(code) ?? []);
}

/**
 * Area codes of a device for the index: the areas of all its evidence. Expired evidence is included. Therefore the entries of a device
 * change only when new evidence arrives, and never because time passes.
 */
export function nexusOf(state: LocationState): LocationWrite['nexus'] {
  const { counted, sightings } = state;
  const codesOf = (areas: readonly EvidenceArea[] = []) => new Set(areas.flatMap(indexCodesOf));
  const present = codesOf(counted?.areas);
  const seen = codesOf(EVIDENCE_SOURCES.flatMap((source) => sightings[source]?.areas ?? []));
  return [
    ...[...present].map((area) => ({ nexus: 'present', area }) as const),
    ...[...seen].filter((area) => !present.has(area)).map((area) => ({ nexus: 'seen', area }) as const),
    ...[...codesOf(sightings.network?.areas)].map((area) => ({ nexus: 'network', area }) as const),
    ...(sightings.address?.connected ? [{ nexus: 'connected', area: '' } as const] : []),
  ];
}

/**
 * Index codes of an area. For an area in a disputed territory, the territory itself is an additional code, because each order assigns the
 * territory itself.
 */
function indexCodesOf(area: EvidenceArea): LocationArea[] {
  const territory = territoryNamedBy(locationOf(area));
  return territory ? [...new Set([...indexCodes(area), territoryArea(territory)])] : indexCodes(area);
}
