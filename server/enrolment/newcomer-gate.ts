/** The verdict on `enrolment` for a machine that is no device yet: all that is known is its address and its activation code. Pure. */
import type { AreaCode } from '../../shared/areas/area-code.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { evaluate } from '../../shared/verdict/evaluate.ts';
import { emptyLocation, observe } from '../../shared/verdict/locate.ts';
import type { OrderRule, ServiceVerdict } from '../../shared/verdict/terms.ts';

export interface Newcomer {
  /** What its source address says; none when that is no evidence. */
  readonly areas: readonly AreaCode[];
  readonly home: AreaCode | null;
  readonly seat: AreaCode | null;
}

export function newcomerVerdict(
  rules: readonly OrderRule[],
  { areas, home, seat }: Newcomer,
  now: Instant,
): ServiceVerdict {
  const location = areas.length > 0 ? observe(emptyLocation(), { source: 'address', areas, at: now }) : emptyLocation();
  return evaluate(rules, { home, seat, exemptions: [], location, listExpires: null }, now).services.enrolment;
}
