/**
 * Index by which an order finds its devices: the area codes of a device, and the area codes that an order searches for. The index may find
 * too many devices, because the verdict decides. It must never miss a device. `tests/contract/jurisdiction.test.ts` compares the index with
 * the verdict cases.
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

/** All home areas to which an order applies: its areas, their subdivisions, and territories that its territory policy assigns to them. */
function homesIn(rule: OrderRule): HomeArea[] {
  const codes = new Set(searchCodes(rule));
  for (const area of [...rule.areas, ...mappedCodes(rule)]) {
    for (const subdivision of subdivisionsIn(area)) codes.add(subdivision);
  }
  return [...codes].flatMap((code) => homeAreaOrNull(code) ?? []);
}

/**
 * Index entries of a device: the areas of every source of evidence. A device therefore never leaves the index only because time passes,
 * such as when evidence expires or a change takes effect later.
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

/** A code in a disputed territory is also indexed under the territory, because each order assigns territories itself. */
function indexCodesOf(area: EvidenceArea): LocationArea[] {
  const territory = territoryNamedBy(locationOf(area));
  return territory ? [...new Set([...indexCodes(area), territoryArea(territory)])] : indexCodes(area);
}
