/**
 * Verdict on the service `enrollment` for a machine that has no device certificate yet. Only its address and activation code are known. The
 * functions are pure.
 */
import type { EvidenceArea, HomeArea } from '../../shared/areas/area-code.ts';
import type { OrderTerms } from '../../shared/order/documents.ts';
import { requiresWithholding } from '../../shared/order/stub.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { evaluate } from '../../shared/verdict/evaluate.ts';
import { emptyLocation, observe } from '../../shared/verdict/locate.ts';
import type { OrderRule, ServiceVerdict } from '../../shared/verdict/terms.ts';

export interface Newcomer {
  /** Areas of the source address; empty if the address is no evidence of a location. */
  readonly areas: readonly EvidenceArea[];
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
}

export function newcomerVerdict(
  rules: readonly OrderRule[],
  { areas, home, seat }: Newcomer,
  now: Instant,
): ServiceVerdict {
  const location = areas.length > 0 ? observe(emptyLocation(), { source: 'address', areas, at: now }) : emptyLocation();
  return evaluate(rules, { home, seat, exemptions: [], location, listExpires: null }, now).services.enrollment;
}

/**
 * Returns the contact for an appeal against an order. Null if the order is withheld or not adopted, because an enrolling machine may read
 * only public orders.
 */
export function publicAppeal(terms: Pick<OrderTerms, 'appeal' | 'publication'> | null, now: Instant): string | null {
  return terms === null || requiresWithholding(terms, now) ? null : terms.appeal;
}

/** Sentences that name the contact for an appeal. `appealOf`: contact of an order, or null. `otherwise`: contact of the installation. */
export function appealAdvice(
  denials: ServiceVerdict['denials'],
  appealOf: (order: string) => string | null,
  otherwise: string,
): string {
  const appeals = Map.groupBy(denials, ({ order }) => appealOf(order) ?? otherwise);
  const [[only] = [otherwise]] = appeals;
  if (appeals.size <= 1) return `Turn to ${only}.`;
  return [...appeals]
    .map(
      ([appeal, some]) =>
        `For an appeal against order ${some.map(({ order }) => order).join(', ')}, contact ${appeal}.`,
    )
    .join(' ');
}
