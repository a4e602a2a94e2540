/**
 * The operator's policy for disputed territories: the claimant that each one counts to by default. It applies only when an order is
 * proposed: the assignments become part of the order's own map, which approvers sign. A device therefore needs no policy, and a new policy
 * changes no signed order (ADR 24). Pure; browsers load it too.
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

/** Choice for a territory that counts to no claimant: the order's rule for contested locations decides. */
export const CONTESTED = 'contested';

/** The imported document of a policy. `version` increases with each import; 0 is the default without any import. */
export const territoryPolicySchema = z.strictObject({
  version: z.int().min(1).max(999_999),
  title: z.string().trim().min(1).max(120),
  date: z.iso.date(),
  /** Choices by territory (`crimea`). A territory without a choice is contested. */
  features: z.record(
    z.string().max(64),
    z.strictObject({
      /** Code of a claimant, or `contested`. */
      choice: z.string().max(32),
      note: z.string().trim().min(1).max(2_000),
    }),
  ),
});
export type TerritoryPolicy = z.infer<typeof territoryPolicySchema>;

/** Territory → the claimant to which the policy assigns it. Contested territories are absent. */
export type TerritoryMap = ReadonlyMap<Territory, HomeArea>;

/** Parses a territory. Throws `unknown_territory`. */
export function parseTerritory(text: string): Territory {
  const feature = TERRITORIES.find((each) => each === text);
  if (feature) return feature;
  throw new CordonError(
    'unknown_territory',
    `“${text}” is not a known disputed territory. Known ones: ${TERRITORIES.join(', ')}.`,
    { feature: text },
  );
}

/** Claimants to which a policy can assign a territory: claimants with their own country code. */
export const claimantsOf = (feature: Territory): LocationArea[] =>
  TERRITORY_FACTS[feature].claimants.filter((area) => territoryOf(area) === null);

/** Assignments of a policy. Throws `unknown_territory` and `not_a_claimant`. */
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

/** Disputed territories that overlap the given locations, or that the given locations claim. */
export function territoriesTouched(locations: Iterable<LocationArea>): Territory[] {
  const named = new Set([...locations].flatMap(withParents));
  return TERRITORIES.filter((feature) => {
    const { claimants, codes } = TERRITORY_FACTS[feature];
    return [...claimants, ...codes].some((area) => named.has(area));
  });
}

/** An order's map: its own choices, and the policy's choices for the other territories that its areas overlap. */
export function completeMap(
  touched: readonly Territory[],
  own: Readonly<Record<string, string>>,
  policy: TerritoryMap,
): Record<string, string> {
  const byPolicy = [...policy].filter(([feature]) => touched.includes(feature));
  const whole = { ...Object.fromEntries(byPolicy), ...own };
  return Object.fromEntries(Object.entries(whole).filter(([, choice]) => choice !== CONTESTED));
}

/** Choices of a signed order for all territories that its areas overlap: a missing choice means contested. */
export function explicitMap(
  touched: readonly Territory[],
  map: Readonly<Record<string, string>>,
): Record<string, string> {
  return { ...Object.fromEntries(touched.map((feature) => [feature, CONTESTED])), ...map };
}
