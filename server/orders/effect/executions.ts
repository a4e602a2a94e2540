/**
 * Ledger entries for the start and end of orders. Any server that notices the change writes the entry. The entry of a withheld order names
 * neither the order nor the change. An order that began and ended while no server ran gets no entry.
 */
import { keepParticulars } from '../../../shared/ledger/kept-particulars.ts';
import type { EntryDraft } from '../../../shared/ledger/ledger-entry.ts';
import { Loop } from '../../../shared/loops/loop.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import { inForce } from '../../../shared/verdict/evaluate.ts';
import type { OrderRule } from '../../../shared/verdict/terms.ts';
import type { Bus } from '../../bus/bus.ts';
import type { Log } from '../ports.ts';
import { instantsOf } from './verdict-changes.ts';

export type ExecutionState = 'entered' | 'left';

export interface Execution {
  readonly order: string;
  readonly revision: number;
  readonly state: ExecutionState;
  readonly at: Instant;
}

export interface ExecutionStore {
  /** Recorded starts and ends of the order, oldest first. */
  executions(order: string): Promise<Execution[]>;
  /** Last recorded start or end of each order, by order number. */
  lastExecutions(): Promise<ReadonlyMap<string, ExecutionState>>;
  /** Stores the start or end of an order. Does nothing if the order already has this state, for example because another node was faster. */
  recordExecution(execution: Execution, entry: EntryDraft<'order.executed'>): Promise<void>;
}

/** Milliseconds until the next attempt. The check of an evidence pack accepts an entry that is at most 30 seconds late. */
const RETRY_AFTER = 10_000;

/**
 * Creates the loop that records starts and ends of orders. The loop runs again at each time when an order can start or end. Request a run
 * when the rules changed.
 */
export function createExecutions(ports: {
  readonly store: ExecutionStore;
  readonly clock: Clock;
  readonly rules: () => readonly OrderRule[];
  /** True if the order is withheld at the given time. */
  readonly withheld: (order: string, at: Instant) => boolean;
  readonly recorded: () => void;
  readonly bus: Bus;
  readonly log: Log;
}): Loop {
  const { store, clock, rules, withheld, recorded, bus, log } = ports;

  async function record(): Promise<Instant | null> {
    const now = clock.now();
    const known = await store.lastExecutions();
    for (const rule of rules()) {
      const state: ExecutionState = inForce(rule, now) ? 'entered' : 'left';
      if (state === (known.get(rule.order) ?? 'left')) continue;
      const { order, revision } = rule;
      await store.recordExecution(
        { order, revision, state, at: now },
        {
          kind: 'order.executed',
          at: now,
          // The ledger entry of a withheld order omits the order number. Readers who count entries with the number would know each start and end.
          ...(withheld(order, now)
            ? keepParticulars({ order, revision, state })
            : { subject: null, public: { order, revision, state } }),
        },
      );
      bus.publish({ kind: 'orders' });
      recorded();
    }
    // Use the start time of this run, because another order may have become due since then.
    const times = rules()
      .flatMap(instantsOf)
      .filter((at) => at > now);
    return times.length > 0 ? Math.min(...times) : null;
  }

  return new Loop({
    run: record,
    clock,
    retryAfter: RETRY_AFTER,
    failed: (error) =>
      log.warn({ err: error }, 'The execution of an order could not be recorded. The server tries again.'),
  });
}
