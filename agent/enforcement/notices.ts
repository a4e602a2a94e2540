import type { Instant } from '../../shared/time/clock.ts';
import { evaluate } from '../../shared/verdict/evaluate.ts';
import type { DeviceFacts, OrderRule } from '../../shared/verdict/terms.ts';
import type { EventStore, NoticeStore, Transactions } from './enforcement-store.ts';
import { denialEvent } from './gates.ts';
import { type DeliveredNotice, dueNotice, nextNotice } from './notice-plan.ts';
import type { Receipts } from './receipts.ts';
import type { StoredDocuments } from './stored-documents.ts';

export interface Notices {
  all(): readonly DeliveredNotice[];
  /** For each order, the newest notice if the user has not seen that notice yet. */
  undisplayed(): readonly DeliveredNotice[];
  markDisplayed(orders: readonly { order: string; revision: number }[]): void;
}

export interface PlannedNotices extends Notices {
  deliverDue(facts: DeviceFacts, now: Instant): readonly DeliveredNotice[];
  nextAt(now: Instant): Instant | null;
}

export function openNotices(ports: {
  readonly store: NoticeStore & EventStore & Transactions;
  readonly documents: Pick<StoredDocuments, 'orders'>;
  readonly rules: () => readonly OrderRule[];
  readonly receipts: Receipts;
  readonly onChange: () => void;
}): PlannedNotices {
  const { store, documents, receipts } = ports;
  let cached: readonly DeliveredNotice[] | null = null;
  const all = () => {
    cached ??= store.notices();
    return cached;
  };
  const ofOrder = (number: string) => all().filter(({ order }) => order === number);

  /**
   * A device gets an order's notice if the order would deny it a service now. It gets the notice of withdrawal if the order denied it a
   * service or if it had an earlier notice of the order.
   */
  const dueOf = (rule: OrderRule, facts: DeviceFacts, now: Instant): DeliveredNotice[] => {
    const revision = documents.orders.get(rule.order)?.revision;
    if (!revision) return [];
    const denied = rule.withdrawn && store.happened(denialEvent(rule.order));
    const moment = dueNotice(revision, rule, { delivered: ofOrder(rule.order), denied }, now);
    if (moment === null || (moment !== 'withdrawal' && !wouldDeny(rule, facts, now))) return [];
    const effective = Date.parse(revision.terms.effective);
    return [{ order: rule.order, moment, effective, revision: rule.revision, at: now, displayed: false }];
  };

  return {
    all,
    undisplayed() {
      const newest = new Map(all().map((notice) => [notice.order, notice]));
      return [...newest.values()].filter(({ displayed }) => !displayed);
    },
    deliverDue(facts, now) {
      const due = ports.rules().flatMap((rule) => dueOf(rule, facts, now));
      if (due.length === 0) return due;
      store.reserved(() => {
        for (const notice of due) {
          store.addNotice(notice);
          const { order, revision, moment } = notice;
          receipts.record({ kind: 'delivered', order, revision, service: null, gate: null, notice: moment });
        }
      });
      cached = null;
      return due;
    },
    nextAt(now) {
      const times = ports.rules().flatMap((rule) => {
        const revision = documents.orders.get(rule.order)?.revision;
        return (revision && nextNotice(revision, rule, now)) ?? [];
      });
      return times.length === 0 ? null : Math.min(...times);
    },
    markDisplayed(orders) {
      store.transaction(() => {
        for (const { order, revision } of orders) {
          for (const notice of ofOrder(order)) {
            if (!store.markNoticeDisplayed(notice)) continue;
            const { moment } = notice;
            receipts.record({
              kind: 'displayed',
              order,
              revision: notice.revision,
              service: null,
              gate: null,
              notice: moment,
            });
          }
          if (!store.once(`shown ${order} ${revision}`)) continue;
          receipts.record({ kind: 'displayed', order, revision, service: null, gate: null });
        }
      });
      cached = null;
      ports.onChange();
    },
  };
}

/** Returns true if an order denies this device a service, or would deny one if that order were in effect now. */
function wouldDeny(rule: OrderRule, facts: DeviceFacts, now: Instant): boolean {
  const effective = { ...rule, effective: Math.min(rule.effective, now) };
  return Object.values(evaluate([effective], facts, now).services).some(({ allowed }) => !allowed);
}
