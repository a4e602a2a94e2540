/**
 * Ledger entries for the start and end of orders, made by the server that finds the change. The entry of a withheld order names neither the
 * order nor the change. An order that began and ended while no server ran has no execution.
 */
import { keepParticulars } from '../../../shared/ledger/kept-particulars.ts';
import type { EntryDraft } from '../../../shared/ledger/ledger-entry.ts';
import { Loop } from '../../../shared/loops/loop.ts';
import type { Clock, Instant } from '../../../shared/time/clock.ts';
import { inForce } from '../../../shared/verdict/evaluate.ts';
import type { OrderRule } from '../../../shared/verdict/terms.ts';
import type { Bus } from '../../bus/bus.ts';
import type { Log } from '../ports.ts';
import { instantsOf } from './verdicts.ts';

export type ExecutionState = 'entered' | 'left';

export interface Execution {
  readonly order: string;
  readonly revision: number;
  readonly state: ExecutionState;
  readonly at: Instant;
}

export interface ExecutionStore {
  /** Executions of the order, oldest first. */
  executions(order: string): Promise<Execution[]>;
  /** Newest execution of each order, by order number. */
  lastExecutions(): Promise<ReadonlyMap<string, ExecutionState>>;
  /** Does nothing if the order is already in this state, such as when another node was faster. */
  recordExecution(execution: Execution, entry: EntryDraft<'order.executed'>): Promise<void>;
}

/** Less than 30 seconds, the longest delay of the entry that the check of a pack accepts. */
const RETRY_AFTER = 10_000;

/** The loop records changes up to now, and runs again at each time when an order can change. Request a run when the rules changed. */
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
          ...{ kind: 'order.executed', at: now },
          // For a withheld order, the entry omits the number. Otherwise readers could count entries: every second one is a start.
          ...(withheld(order, now)
            ? keepParticulars({ order, revision, state })
            : { subject: null, public: { order, revision, state } }),
        },
      );
      bus.publish({ kind: 'orders' });
      recorded();
    }
    // Use the time of this run: another order may have become due during the writing.
    const times = rules()
      .flatMap(instantsOf)
      .filter((at) => at > now);
    return times.length > 0 ? Math.min(...times) : null;
  }

  return new Loop({
    ...{ run: record, clock, retryAfter: RETRY_AFTER },
    failed: (error) =>
      log.warn({ err: error }, 'The execution of an order could not be recorded. The server tries again.'),
  });
}
