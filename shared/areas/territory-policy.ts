/**
 * Operator's policy that assigns each disputed territory to a claimant. It applies only when an order is proposed: the assignments become
 * part of the order, and approvers sign them. Devices therefore need no policy, and a new policy changes no signed order (ADR 24).
 */
import { z } from 'zod';
import { CordonError } from '../errors.ts';
import {
  type HomeArea,
  homeAreaOrNull,
  type LocationArea,
  TERRITORIES,
  type Territory,
  territoryOf,
  withParents,
} from './area-code.ts';
import { TERRITORY_FACTS } from './territory-facts.ts';

/** Value for a territory that the policy assigns to no claimant. The order's rule for contested locations then applies. */
export const CONTESTED = 'contested';

/** `version` increases with each import. Version 0 is the default before the first import. */
export const territoryPolicySchema = z.strictObject({
  version: z.int().min(1).max(999_999),
  title: z.string().trim().min(1).max(120),
  date: z.iso.date(),
  /**
   * Decision about each disputed territory, by name of the territory, such as `crimea`. `choice` is a country that claims the territory, or
   * `contested` if the policy assigns the territory to no country.
   */
  features: z.record(
    z.string().max(64),
    z.strictObject({
      choice: z.string().max(32),
      note: z.string().trim().min(1).max(2_000),
    }),
  ),
});
export type TerritoryPolicy = z.infer<typeof territoryPolicySchema>;

/** Claimant to which the policy assigns each territory. Contested territories are absent. */
export type TerritoryMap = ReadonlyMap<Territory, HomeArea>;

export function parseTerritory(text: string): Territory {
  const feature = TERRITORIES.find((each) => each === text);
  if (feature) return feature;
  throw new CordonError(
    'unknown_territory',
    `“${text}” is not a known disputed territory. Known ones: ${TERRITORIES.join(', ')}.`,
    { feature: text },
  );
}

export const claimantsOf = (feature: Territory): LocationArea[] =>
  TERRITORY_FACTS[feature].claimants.filter((area) => territoryOf(area) === null);

/**
 * Returns the country to which a policy assigns each territory. Throws `unknown_territory` for an unknown territory, and `not_a_claimant`
 * for a country that does not claim the territory.
 */
export function territoryMapOf({ features }: Pick<TerritoryPolicy, 'features'>): TerritoryMap {
  const map = new Map<Territory, HomeArea>();
  for (const [name, { choice }] of Object.entries(features)) {
    const feature = parseTerritory(name);
    if (choice === CONTESTED) continue;
    const claimant = homeAreaOrNull(choice);
    if (claimant === null || !claimantsOf(feature).includes(claimant)) {
      throw new CordonError(
        'not_a_claimant',
        `${choice} does not claim ${feature}: write ${claimantsOf(feature).join(', ')} or ${CONTESTED}.`,
        { feature, choice },
      );
    }
    map.set(feature, claimant);
  }
  return map;
}

/** Disputed territories that overlap the given locations, or that the countries of these locations claim. */
export function territoriesOverlapping(locations: Iterable<LocationArea>): Territory[] {
  const named = new Set([...locations].flatMap(withParents));
  return TERRITORIES.filter((feature) => {
    const { claimants, codes } = TERRITORY_FACTS[feature];
    return [...claimants, ...codes].some((area) => named.has(area));
  });
}

/**
 * Returns the country to which an order assigns each disputed territory. The assignments in the order's own terms (`own`) have priority.
 * For all other territories that the order's areas overlap (`touched`), the policy decides.
 */
export function completeMap(
  touched: readonly Territory[],
  own: Readonly<Record<string, string>>,
  policy: TerritoryMap,
): Record<string, string> {
  const byPolicy = [...policy].filter(([feature]) => touched.includes(feature));
  const whole = { ...Object.fromEntries(byPolicy), ...own };
  return Object.fromEntries(Object.entries(whole).filter(([, choice]) => choice !== CONTESTED));
}

/** Assignments in a signed order for all territories that its areas overlap. A territory without an assignment is contested. */
export function explicitMap(
  touched: readonly Territory[],
  map: Readonly<Record<string, string>>,
): Record<string, string> {
  return { ...Object.fromEntries(touched.map((feature) => [feature, CONTESTED])), ...map };
}
