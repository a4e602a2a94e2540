/** Which disputed ground an order's areas touch, so that only that is asked about. Pure. */
import {
  type AreaCode,
  countryOf,
  DISPUTED_FEATURES,
  type DisputedFeature,
  expandAreas,
  featureOf,
} from '../../../../shared/areas/area-code.ts';
import { DISPUTED } from '../../../../shared/areas/disputed.ts';

/** The states that an order can give the ground to: a claimant without a code of its own is none. */
export const claimsOn = (feature: DisputedFeature): AreaCode[] =>
  DISPUTED[feature].claimants.filter((area) => featureOf(area) === null);

export function groundTouched(areas: readonly AreaCode[]): DisputedFeature[] {
  const named = new Set([...expandAreas(areas)].flatMap((area) => [area, countryOf(area)]));
  return DISPUTED_FEATURES.filter((feature) => {
    const { claimants, codes } = DISPUTED[feature];
    return [...claimants, ...codes].some((area) => named.has(area));
  });
}
