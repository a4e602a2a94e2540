/**
 * Ledger entries for the start and end of orders, written by the first server process that notices the start or end. The entry of a
 * withheld order names neither the order nor the change. If an order started and ended while no server ran, there is no entry.
 */

import type { EntryDraft } from '../../../shared/ledger/ledger-entry.ts';
import { withholdParticulars } from '../../../shared/ledger/withheld-particulars.ts';
import { Loop } from '../../../shared/loops/loop.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import { inForce } from '../../../shared/verdict/evaluate.ts';
import type { OrderRule } from '../../../shared/verdict/terms.ts';
import type { Bus } from '../../bus/bus.ts';
import type { Log } from '../ports.ts';
import { instantsOf } from './verdict-changes.ts';

export type ExecutionState = 'active' | 'inactive';

export interface Execution {
  readonly order: string;
  readonly revision: number;
  readonly state: ExecutionState;
  readonly at: Instant;
}

export interface ExecutionStore {
  executions(order: string): Promise<Execution[]>;
  lastExecutions(): Promise<ReadonlyMap<string, ExecutionState>>;
  /**
   * Stores the start or end of an order. Does nothing if the store already has this state, for example because another server process
   * stored it first.
   */
  recordExecution(execution: Execution, entry: EntryDraft<'order.executed'>): Promise<void>;
}

/**
 * Delay in milliseconds before the server tries again to record the start or end of an order. The verification of an evidence pack accepts
 * a ledger entry that is at most 30 seconds later than the start or end.
 */
const RETRY_AFTER = 10_000;

export function createExecutions(ports: {
  readonly store: ExecutionStore;
  readonly clock: Clock;
  readonly rules: () => readonly OrderRule[];
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
      const state: ExecutionState = inForce(rule, now) ? 'active' : 'inactive';
      if (state === (known.get(rule.order) ?? 'inactive')) continue;
      const { order, revision } = rule;
      await store.recordExecution(
        { order, revision, state, at: now },
        {
          kind: 'order.executed',
          at: now,
          // The ledger entry of a withheld order omits the order number. Otherwise, readers who count the entries could learn when the
          // order starts and ends.
          ...(withheld(order, now)
            ? withholdParticulars({ order, revision, state })
            : { subject: null, public: { order, revision, state } }),
        },
      );
      bus.publish({ kind: 'orders' });
      recorded();
    }
    // Use the start time of this run instead of the current time, because another order may have become due during the run.
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
