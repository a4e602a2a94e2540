/** Which disputed ground the areas of an order touch that is being written, and what the form says of it. Pure. */
import type { NamedAreaView } from '../../../../shared/api/areas.ts';
import { type DisputedFeature, orderAreaOrNull } from '../../../../shared/areas/area-code.ts';
import { CONTESTED, type GroundMap, groundTouched } from '../../../../shared/areas/disputed-policy.ts';

/** `own`: what groups and polygons of one's own are now. */
export function groundOf(areas: readonly string[], own: readonly NamedAreaView[]): DisputedFeature[] {
  const places = areas.flatMap((code) => {
    const named = own.find((area) => area.code === code);
    return named?.members ?? named?.polygon?.touches ?? [code];
  });
  return groundTouched(places.map(orderAreaOrNull).filter((area) => area !== null));
}

/**
 * What the form says once its areas touch this ground: what stood there stands, of the rest what the policy says, written down so that nothing else is
 * proposed than what was seen. `policy` undefined: nobody knows it yet, and the server will say.
 */
export function groundSaid(
  touched: readonly DisputedFeature[],
  said: Readonly<Record<string, string>>,
  policy: GroundMap | undefined,
): Record<string, string> {
  const words = touched.map((feature) => {
    const word = said[feature] ?? (policy && (policy.get(feature) ?? CONTESTED));
    return word === undefined ? [] : [[feature, word] as const];
  });
  return Object.fromEntries(words.flat());
}
