/**
 * Warnings about areas that may not mean what an admin expects, for example an area in which no device can be located, or a territory that
 * is not part of a country. The functions are pure. A warning never blocks a proposal.
 */
import {
  dependenciesOf,
  type HomeArea,
  homeAreaOrNull,
  membersOf,
  type OrderArea,
  ownAreaKind,
  parentOf,
  parseHomeArea,
  parseOrderArea,
  TERRITORIES,
  type Territory,
  territoryArea,
} from '../../../shared/areas/area-code.ts';
import { sentence } from '../../../shared/areas/area-words.ts';
import { relate } from '../../../shared/areas/coverage.ts';
import { hasBorders } from '../../../shared/areas/subdivisions/subdivision-at.ts';
import { TERRITORY_FACTS, territoryNamedBy } from '../../../shared/areas/territory-facts.ts';
import type { OrderTerms } from '../../../shared/order/documents.ts';
import type { Warning } from './warnings.ts';

const MOST_LISTED = 12;

interface OrderMap {
  readonly areas: ReadonlySet<HomeArea>;
  readonly disputed: ReadonlyMap<string, HomeArea>;
}

export function areaWarnings({
  areas,
  groups = {},
  disputed,
  nexus,
}: Pick<OrderTerms, 'areas' | 'groups' | 'disputed' | 'nexus'>): Warning[] {
  const named = areas.map(parseOrderArea).filter((area) => ownAreaKind(area) !== 'polygon');
  const locations = named.flatMap(
    (area) => groups[area]?.map(parseHomeArea) ?? membersOf(area) ?? homeAreaOrNull(area) ?? [],
  );
  const map: OrderMap = {
    areas: new Set(locations),
    disputed: new Map(Object.entries(disputed).map(([feature, area]) => [feature, parseHomeArea(area)])),
  };
  const located = nexus.includes('present') || nexus.includes('network');
  return [...(located ? locationWarnings(locations, map) : []), ...territoryWarnings(named, map)];
}

type Finding =
  | { readonly code: 'area_empty' | 'area_part' | 'area_disputed'; readonly territory: Territory }
  | 'no borders';

/**
 * Returns warnings about areas of an order in which the server may be unable to locate devices, such as disputed territories. Areas with
 * the same problem share one warning. A country that is not itself disputed causes no warning, because the server can locate devices there.
 */
function locationWarnings(locations: readonly HomeArea[], map: OrderMap): Warning[] {
  const found = new Map<string, { readonly finding: Finding; readonly areas: HomeArea[] }>();
  for (const area of new Set(locations)) {
    const finding = findingOf(area, map);
    if (finding === null) continue;
    const key = JSON.stringify(finding);
    const same = found.get(key);
    if (same) same.areas.push(area);
    else found.set(key, { finding, areas: [area] });
  }
  return [...found.values()].map(({ finding, areas }) => warningOf(finding, listed(areas), map));
}

function findingOf(area: HomeArea, map: OrderMap): Finding | null {
  const territory = territoryNamedBy(area) ?? territoryOver(area);
  if (territory === null) return parentOf(area) === null || hasBorders(area) ? null : 'no borders';
  const relation = relate([territoryArea(territory)], map);
  const whole = territoryNamedBy(area) !== null || !hasBorders(area);
  if (relation === 'contested') return { code: whole ? 'area_disputed' : 'area_part', territory };
  return relation === 'outside' && whole ? { code: 'area_empty', territory } : null;
}

function warningOf(finding: Finding, areas: string, { disputed }: OrderMap): Warning {
  if (finding === 'no borders') {
    const detail = `Cordon has no borders for ${areas}. No position can show that a device is there; only an admin's location statement can. Name the country, or draw a polygon.`;
    return { code: 'area_without_borders', detail, devices: null };
  }
  const { code, territory } = finding;
  const owner = disputed.get(territory);
  if (code === 'area_empty') {
    const detail = `No device can be located in ${areas} under this order, because the order's map assigns ${nameOf(territory)} to ${owner ?? 'another state'}. Remove ${areas}, or change the map.`;
    return { code, detail, devices: null };
  }
  const { claimants, claimedSubdivisions } = TERRITORY_FACTS[territory];
  const states = claimants.filter((claimant) => !claimant.startsWith('XX-')).join(', ');
  const remedy =
    owner === undefined
      ? `Assign it in the order's map to one of ${states}.`
      : `To include it, name ${(claimedSubdivisions[owner] ?? []).join(', ')}.`;
  const part = code === 'area_part' ? 'includes' : 'is';
  const detail = `${areas} ${part} disputed territory (${nameOf(territory)}). A device with a position there counts as contested under this order. ${remedy}`;
  return { code: 'area_disputed', detail, devices: null };
}

const listed = (areas: readonly string[]): string =>
  areas.slice(0, MOST_LISTED).join(', ') +
  (areas.length > MOST_LISTED ? ` and ${areas.length - MOST_LISTED} more` : '');

/** Disputed territory that contains the subdivision, according to the law of a country that claims the territory; null if there is none. */
function territoryOver(area: HomeArea): Territory | null {
  const over = (feature: Territory) =>
    Object.values(TERRITORY_FACTS[feature].claimedSubdivisions).some((codes) => codes.includes(area));
  return TERRITORIES.find(over) ?? null;
}

/**
 * Returns warnings about territories that an order does not cover because they have their own country codes. An admin may wrongly assume
 * that a country or group named in the order includes such a territory.
 */
function territoryWarnings(named: readonly OrderArea[], { areas, disputed }: OrderMap): Warning[] {
  const covered = (territory: HomeArea) => relate([territory], { areas, disputed }) === 'inside';
  return named.flatMap((area) => {
    const missing = (membersOf(area) ?? [area]).flatMap(dependenciesOf).filter((territory) => !covered(territory));
    if (missing.length === 0) return [];
    const detail = `${area} does not include territories that have their own ISO 3166-1 code: ${listed(missing)}. Name each of them that the order covers.`;
    return [{ code: 'territories_excluded' as const, detail, devices: null }];
  });
}

const nameOf = (territory: Territory) => sentence(territory.replaceAll('_', ' '));
