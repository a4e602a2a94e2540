import { denialBy, exitState, exportsUntil, isExit } from '../../shared/order/exit.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Location, OrderRule, Verdict } from '../../shared/verdict/terms.ts';
import type { DeviceClock } from './device-clock.ts';
import type { ExitMemory, ExitStore, Transactions } from './enforcement-store.ts';
import type { Receipts } from './receipts.ts';
import type { StoredDocuments } from './stored-documents.ts';

export interface DueExit {
  readonly order: string;
  readonly revision: number;
}

export interface Exits {
  dueExit(): DueExit | null;
  complete(exit: DueExit): void;
  completed(): ExitMemory['wiped'];
}

export interface ReviewedExits extends Exits {
  /**
   * Decides whether an order requires the device to wipe its work data now (an exit). The user first gets time to export data. This
   * period starts when the order suspends a service, so the method stores its start for each such order.
   */
  review(rules: readonly OrderRule[], verdict: Verdict, location: Location, now: Instant): void;
}

export function openExits(ports: {
  readonly store: ExitStore & Pick<Transactions, 'reserved'>;
  readonly clock: Pick<DeviceClock, 'now'>;
  readonly documents: Pick<StoredDocuments, 'list' | 'record' | 'orders'>;
  readonly receipts: Receipts;
  readonly onChange: () => void;
}): ReviewedExits {
  const { store, clock, documents, receipts } = ports;
  let memory = store.exits();
  let due: DueExit | null = null;

  const isCompleted = ({ order, revision }: DueExit) =>
    memory.wiped.some((exit) => exit.order === order && exit.revision === revision);

  return {
    dueExit: () => due,
    completed: () => memory.wiped,
    complete({ order, revision }) {
      const next = { ...memory, wiped: [...memory.wiped, { order, revision, at: clock.now() }] };
      store.reserved(() => {
        store.saveExits(next);
        receipts.record({ kind: 'wiped', order, revision, service: null, gate: null });
      });
      memory = next;
      due = null;
      ports.onChange();
    },
    review(rules, verdict, location, now) {
      const { list, record } = documents;
      const deniedSince: Record<string, Instant> = {};
      due = null;
      for (const { revision } of documents.orders.values()) {
        const { order, terms } = revision;
        if (revision.status === 'withdrawn' || exportsUntil(terms) === null) continue;
        const rule = rules.find((each) => each.order === order);
        const denial = rule && denialBy(rule, verdict, location);
        if (!denial) continue;
        const since = memory.deniedSince[order] ?? now;
        deniedSince[order] = since;
        if (!isExit(revision) || !list || !record || isCompleted(revision)) continue;
        const state = exitState(terms, {
          certain: denial.certain,
          deniedSince: since,
          legalHold: record.legalHold === true,
          // The server's clock may be ahead. The order list's date is therefore limited to the device's time, so that the wipe is not too
          // early.
          listIssued: Math.min(list.issued, now),
          listExpired: now >= list.expires,
        });
        if (state === 'due') due ??= { order, revision: revision.revision };
      }
      if (JSON.stringify(deniedSince) === JSON.stringify(memory.deniedSince)) return;
      const next = { ...memory, deniedSince };
      store.saveExits(next);
      memory = next;
    },
  };
}
