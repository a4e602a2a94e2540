/**
 * Impact preview of a territory policy on existing orders. A new policy changes no signed order. The preview therefore compares each order
 * with a hypothetical revision under the new policy, for devices in the territories that change.
 */
import { type HomeArea, homeAreaOrNull, type Territory, territoryArea } from '../../../shared/areas/area-code.ts';
import type { TerritoryMap } from '../../../shared/areas/territory-policy.ts';
import { territoriesIn } from '../../../shared/order/order-areas.ts';
import type { AcceptedRevision } from '../../../shared/order/verify-list.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import type { OrderRule } from '../../../shared/verdict/terms.ts';
import { openTitle } from '../adoption/order-visibility.ts';
import type { OrderStore } from '../ports.ts';
import { changesOf, sizeOf } from './impact-counts.ts';
import type { Rehearsal } from './rehearsal.ts';

export interface PolicyChange {
  readonly order: string;
  readonly title: string;
  readonly effective: Instant;
  /**
   * Disputed territories that an order and a territory policy assign differently. `signed`: country to which the order assigns the
   * territory. `policy`: country to which the policy assigns it. Null: the territory remains contested.
   */
  readonly territories: readonly {
    readonly territory: Territory;
    readonly signed: HomeArea | null;
    readonly policy: HomeArea | null;
  }[];
  readonly denied: { readonly before: number; readonly after: number };
  readonly newlyDenied: number;
  readonly newlyAllowed: number;
  readonly otherReasons: number;
}

function inTerritories(rule: OrderRule, features: readonly Territory[]): OrderRule {
  const { polygons: _polygons, ...rest } = rule;
  const territories = features.map((feature) => [feature, territoryArea(feature)] as const);
  return {
    ...rest,
    areas: new Set(territories.map(([, area]) => area)),
    disputed: new Map(territories),
    unknown: 'allow',
  };
}

const NO_REFERENCE = { listed: null, number: null, names: new Set<string>() };

export async function policyChange(input: {
  readonly policy: TerritoryMap;
  readonly accepted: ReadonlyMap<string, AcceptedRevision>;
  readonly rules: readonly OrderRule[];
  readonly now: Instant;
  readonly orders: Pick<OrderStore, 'exemptions'>;
  readonly rehearsal: Pick<Rehearsal, 'rehearse'>;
}): Promise<PolicyChange[]> {
  const { policy, accepted, now, orders, rehearsal } = input;
  const changes: PolicyChange[] = [];
  for (const rule of input.rules) {
    const revision = accepted.get(rule.order)?.revision;
    if (!revision || rule.withdrawn || (rule.until !== null && rule.until <= now)) continue;
    const { terms } = revision;
    const touched = territoriesIn(terms);
    const territories = touched
      .map((territory) => ({
        territory,
        signed: homeAreaOrNull(terms.disputed[territory]),
        policy: policy.get(territory) ?? null,
      }))
      .filter((each) => each.signed !== each.policy);
    if (territories.length === 0) continue;
    const exemptions = await orders.exemptions(rule.order, rule.revision);
    // A paused order denies nothing. The preview shows the denied services after a resume, because a pause by one person ends by itself.
    const resumed = { ...rule, pausedUntil: null };
    const { sets } = await rehearsal.rehearse({
      rule: { ...resumed, disputed: new Map([...policy].filter(([feature]) => touched.includes(feature))) },
      exemptions,
      baseline: { rule: resumed, exemptions },
      among: inTerritories(
        rule,
        territories.map(({ territory }) => territory),
      ),
      at: 'effective',
      selection: 'denied',
      ...NO_REFERENCE,
    });
    const { newly_affected: newlyDenied, no_longer_affected: newlyAllowed } = changesOf(sets);
    const denied = sets.filter((set) => set.denied.length > 0);
    const after = sizeOf(denied);
    changes.push({
      order: rule.order,
      title: openTitle(revision, now),
      effective: rule.effective,
      territories,
      denied: { before: after - newlyDenied + newlyAllowed, after },
      newlyDenied,
      newlyAllowed,
      otherReasons: sizeOf(denied.filter(({ change }) => change?.kind === 'changed')),
    });
  }
  return changes;
}
