import type { AreaPolygon } from '../../shared/areas/polygon.ts';
import { isCordonError } from '../../shared/errors.ts';
import { compileRule } from '../../shared/order/rules.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';
import type { Alerts } from './alerts.ts';
import type { StoredDocuments } from './stored-documents.ts';

export interface OrderRules {
  all(): readonly OrderRule[];
  /**
   * Polygons of all orders that have not ended, without duplicates. Ended orders are left out, because the number of polygons is limited
   * (`MOST_POLYGONS`).
   */
  polygons(now: Instant): readonly AreaPolygon[];
  /**
   * Reads the stored orders again. An order that this version of the agent cannot read raises an alert. All other orders are still
   * enforced.
   */
  compile(): void;
}

export function createOrderRules(documents: Pick<StoredDocuments, 'orders'>, alerts: Alerts): OrderRules {
  let rules: readonly OrderRule[] = [];
  return {
    all: () => rules,
    polygons(now) {
      const polygons = rules
        .filter(({ withdrawn, until }) => !withdrawn && (until === null || now < until))
        .flatMap((rule) => rule.polygons ?? []);
      return [...new Map(polygons.map((polygon) => [polygon.code, polygon])).values()].sort((a, b) =>
        a.code < b.code ? -1 : 1,
      );
    },
    compile() {
      const unreadable: { readonly subject: string; readonly detail: string }[] = [];
      rules = [...documents.orders.values()]
        .flatMap((accepted) => {
          try {
            return [compileRule(accepted)];
          } catch (error) {
            if (!isCordonError(error)) throw error;
            const { order, revision } = accepted.revision;
            const detail = `The device does not enforce order ${order}: ${error.message}`;
            unreadable.push({ subject: `${order} ${revision}`, detail });
            return [];
          }
        })
        .sort((a, b) => (a.order < b.order ? -1 : 1));
      for (const { subject, detail } of unreadable) alerts.tryRaise('order_not_understood', subject, detail);
    },
  };
}
