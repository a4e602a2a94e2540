/**
 * Orders whose verdict changes because of an admin's location statement, for example because the statement releases a device from an order.
 * The server compares the device's verdicts with and without the statement. The functions are pure.
 */
import type { HomeArea } from '../../../shared/areas/area-code.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import { evaluate, inForce } from '../../../shared/verdict/evaluate.ts';
import { endStatement, MATURE_AFTER, observe } from '../../../shared/verdict/locate.ts';
import { type DeviceFacts, type OrderRule, SERVICES, type Service } from '../../../shared/verdict/terms.ts';

/** Maximum duration in milliseconds of a location statement that changes the verdict of an announced or active order. */
export const LONGEST_OVERRIDE = 7 * 86_400_000;

export interface LocationStatement {
  readonly kind: 'presence' | 'home';
  readonly areas: readonly HomeArea[];
  readonly until: Instant;
}

export interface StatementEffect {
  readonly order: string;
  /** Services that an order suspends without a device's location statement but allows with the location statement. */
  readonly released: readonly Service[];
  /** Services that an order suspends with a device's location statement but allows without the location statement. */
  readonly denied: readonly Service[];
}

/**
 * Applies a location statement to a device's location and home area. `ownHome` is the home area that the device has without a statement.
 */
export function withStatement(
  facts: DeviceFacts,
  { kind, areas, until }: LocationStatement,
  ownHome: HomeArea | null,
  now: Instant,
): DeviceFacts {
  const without = withoutStatement(facts, ownHome, now);
  if (kind === 'home') return { ...without, home: areas[0] ?? ownHome };
  return { ...without, location: observe(without.location, { source: 'statement', areas, at: now, until }) };
}

export function withoutStatement(facts: DeviceFacts, ownHome: HomeArea | null, now: Instant): DeviceFacts {
  return { ...facts, home: ownHome, location: endStatement(facts.location, now) };
}

/**
 * Orders whose verdicts for one device differ with and without a location statement. An announced order is evaluated at its start, and an
 * active order at the time from which the changed location takes effect.
 */
export function statementEffects(
  rules: readonly OrderRule[],
  without: DeviceFacts,
  stated: DeviceFacts,
  now: Instant,
): StatementEffect[] {
  return rules.flatMap((rule) => {
    const at = Math.max(now + MATURE_AFTER, rule.effective);
    if (!inForce(rule, at)) return [];
    const [before, after] = [without, stated].map((facts) => evaluate([rule], facts, at).services);
    const differs = (allowed: boolean) =>
      SERVICES.filter((service) => before?.[service].allowed !== allowed && after?.[service].allowed === allowed);
    const effect = { order: rule.order, released: differs(true), denied: differs(false) };
    return effect.released.length + effect.denied.length > 0 ? [effect] : [];
  });
}
