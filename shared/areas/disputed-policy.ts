/**
 * The operator's policy of disputed ground: to which of its claimants each place counts by default. It acts when an order is proposed and nowhere
 * else: its word is written into the order's own map, which approvers sign, so that a device needs no policy and a new one changes nothing that was
 * signed (ADR 24). Pure; browsers load it too.
 */
import { z } from 'zod';
import { CordonError } from '../errors.ts';
import {
  type AreaCode,
  DISPUTED_FEATURES,
  type DisputedFeature,
  expandAreas,
  featureOf,
  placeOrNull,
  withParents,
} from './area-code.ts';
import { DISPUTED } from './disputed.ts';

/** What a policy or a proposal says of ground that is to count to no claimant: the order's rule for places in doubt decides. */
export const CONTESTED = 'contested';

/** As it is imported. `version` rises with each; 0 is what stands while nothing was imported. */
export const disputedPolicySchema = z.strictObject({
  version: z.int().min(1).max(999_999),
  title: z.string().trim().min(1).max(120),
  /** The day from which the document itself is. */
  date: z.iso.date(),
  /** By feature (`crimea`). What is not named is contested. */
  features: z.record(
    z.string().max(64),
    z.strictObject({
      /** A claimant's code, or `contested`. */
      choice: z.string().max(32),
      /** Why, in free text. */
      note: z.string().trim().min(1).max(2_000),
    }),
  ),
});
export type DisputedPolicy = z.infer<typeof disputedPolicySchema>;

/** Feature → the claimant that it counts to. Contested ground is not in it. */
export type GroundMap = ReadonlyMap<DisputedFeature, AreaCode>;

/** Throws `unknown_feature`. */
export function parseFeature(text: string): DisputedFeature {
  const feature = DISPUTED_FEATURES.find((each) => each === text);
  if (feature) return feature;
  throw new CordonError(
    'unknown_feature',
    `“${text}” is no disputed ground that Cordon knows: ${DISPUTED_FEATURES.join(', ')}.`,
    { feature: text },
  );
}

/** The states that ground can be counted to: a claimant without a code of its own is none. */
export const claimsOn = (feature: DisputedFeature): AreaCode[] =>
  DISPUTED[feature].claimants.filter((area) => featureOf(area) === null);

/** What a policy counts to whom. Throws `unknown_feature` and `not_a_claimant`. */
export function groundMapOf({ features }: Pick<DisputedPolicy, 'features'>): GroundMap {
  const map = new Map<DisputedFeature, AreaCode>();
  for (const [name, { choice }] of Object.entries(features)) {
    const feature = parseFeature(name);
    if (choice === CONTESTED) continue;
    const claimant = placeOrNull(choice);
    if (claimant === null || !claimsOn(feature).includes(claimant)) {
      throw new CordonError(
        'not_a_claimant',
        `${choice} does not claim ${feature}: write ${claimsOn(feature).join(', ')} or ${CONTESTED}.`,
        { feature, choice },
      );
    }
    map.set(feature, claimant);
  }
  return map;
}

/** The disputed ground that these places, or what holds them, lie in or claim. */
export function groundTouched(places: Iterable<AreaCode>): DisputedFeature[] {
  const named = new Set([...expandAreas([...places])].flatMap(withParents));
  return DISPUTED_FEATURES.filter((feature) => {
    const { claimants, codes } = DISPUTED[feature];
    return [...claimants, ...codes].some((area) => named.has(area));
  });
}

/** An order's map: what it says itself stands; of the other ground that its areas touch, what the policy says is written down. */
export function settleGround(
  touched: readonly DisputedFeature[],
  said: Readonly<Record<string, string>>,
  policy: GroundMap,
): Record<string, string> {
  const silent = [...policy].filter(([feature]) => touched.includes(feature));
  const whole = { ...Object.fromEntries(silent), ...said };
  return Object.fromEntries(Object.entries(whole).filter(([, choice]) => choice !== CONTESTED));
}

/** What a signed order says of all ground that its areas touch: its silence is a word too. */
export function signedGround(
  touched: readonly DisputedFeature[],
  map: Readonly<Record<string, string>>,
): Record<string, string> {
  return { ...Object.fromEntries(touched.map((feature) => [feature, CONTESTED])), ...map };
}
