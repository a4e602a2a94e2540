/**
 * What a policy of disputed ground would do to the orders that are there. It changes none of them by itself: each is held against what it would be if
 * it were revised by that policy, order by order in the rehearsal's own slices and turns, on whoever is on that ground. Nothing is stored.
 */
import { type AreaCode, type DisputedFeature, groundArea, placeOrNull } from '../../shared/areas/area-code.ts';
import type { GroundMap } from '../../shared/areas/disputed-policy.ts';
import { groundIn } from '../../shared/order/order-areas.ts';
import type { AcceptedRevision } from '../../shared/order/verify-list.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';
import type { OrderStore } from './ports.ts';
import { changesOf, type Rehearsal, sizeOf } from './rehearsal.ts';

/** Of an order in force or announced that was signed otherwise than the policy would have it. */
export interface PolicyChange {
  readonly order: string;
  readonly title: string;
  readonly effective: Instant;
  /** Null: contested. */
  readonly features: readonly {
    readonly feature: DisputedFeature;
    readonly signed: AreaCode | null;
    readonly policy: AreaCode | null;
  }[];
  /** This and the rest of the devices on that ground alone, which are all that can be judged otherwise. */
  readonly denied: { readonly before: number; readonly after: number };
  readonly newlyDenied: number;
  readonly newlyAllowed: number;
  /** Denied by both, and not for the same reasons. */
  readonly otherReasons: number;
}

/** Finds whoever is, or belongs, on this ground. */
function onGround(rule: OrderRule, features: readonly DisputedFeature[]): OrderRule {
  const { polygons: _polygons, ...rest } = rule;
  const ground = features.map((feature) => [feature, groundArea(feature)] as const);
  return { ...rest, areas: new Set(ground.map(([, area]) => area)), disputed: new Map(ground), unknown: 'allow' };
}

/** Who is told, and who among them approves, is not what is asked. */
const NOBODY = { listed: null, number: null, names: new Set<string>() };

export async function policyChange(given: {
  readonly policy: GroundMap;
  readonly accepted: ReadonlyMap<string, AcceptedRevision>;
  readonly rules: readonly OrderRule[];
  readonly now: Instant;
  readonly store: Pick<OrderStore, 'exemptions'>;
  readonly rehearsal: Pick<Rehearsal, 'rehearse'>;
}): Promise<PolicyChange[]> {
  const { policy, accepted, now, store, rehearsal } = given;
  const changes: PolicyChange[] = [];
  for (const rule of given.rules) {
    const terms = accepted.get(rule.order)?.revision.terms;
    if (!terms || rule.withdrawn || (rule.until !== null && rule.until <= now)) continue;
    const touched = groundIn(terms);
    const features = touched
      .map((feature) => ({
        feature,
        signed: placeOrNull(terms.disputed[feature]),
        policy: policy.get(feature) ?? null,
      }))
      .filter((each) => each.signed !== each.policy);
    if (features.length === 0) continue;
    const exemptions = await store.exemptions(rule.order, rule.revision);
    const { sets } = await rehearsal.rehearse({
      rule: { ...rule, disputed: new Map([...policy].filter(([feature]) => touched.includes(feature))) },
      exemptions,
      against: { rule, exemptions },
      among: onGround(
        rule,
        features.map(({ feature }) => feature),
      ),
      at: 'effective',
      whom: 'denied',
      ...NOBODY,
    });
    const { in: newlyDenied, out: newlyAllowed } = changesOf(sets);
    const denied = sets.filter((set) => set.denied.length > 0);
    const after = sizeOf(denied);
    changes.push({
      ...{ order: rule.order, title: terms.title, effective: rule.effective, features },
      denied: { before: after - newlyDenied + newlyAllowed, after },
      ...{ newlyDenied, newlyAllowed, otherReasons: sizeOf(denied.filter(({ change }) => change?.kind === 'changed')) },
    });
  }
  return changes;
}
