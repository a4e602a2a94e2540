/**
 * The verdict on `enrolment` for a machine that is no device yet, and whom its person can turn to: all that is known is its address and its
 * activation code. Pure.
 */
import type { AreaCode } from '../../shared/areas/area-code.ts';
import type { OrderTerms } from '../../shared/order/documents.ts';
import { keptBack } from '../../shared/order/stub.ts';
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

/** Whoever enrols is the public: of an order that is kept from it they are told no more than anybody. Null for one that is, or is not adopted. */
export function publicAppeal(terms: Pick<OrderTerms, 'appeal' | 'publication'> | null, now: Instant): string | null {
  return terms === null || keptBack(terms, now) ? null : terms.appeal;
}

/** `appealOf`: of an order; null for one that says nothing. `otherwise`: the installation's own. */
export function whomToTurnTo(
  denials: ServiceVerdict['denials'],
  appealOf: (order: string) => string | null,
  otherwise: string,
): string {
  const appeals = Map.groupBy(denials, ({ order }) => appealOf(order) ?? otherwise);
  const [[only] = [otherwise]] = appeals;
  if (appeals.size <= 1) return `Turn to ${only}.`;
  return [...appeals]
    .map(([appeal, some]) => `About order ${some.map(({ order }) => order).join(', ')} turn to ${appeal}.`)
    .join(' ');
}
