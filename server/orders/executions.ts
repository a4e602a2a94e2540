/**
 * What the server did about orders and when: each entry into force and each end of it is a leaf of the ledger, made by the server that
 * carries it out; of an order that is kept from the public, one that names neither the order nor which of them it was. An order that was
 * in force and over while no server ran was not executed, and nothing says that it was.
 */
import { keepParticulars } from '../../shared/ledger/kept-particulars.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import { inForce } from '../../shared/verdict/evaluate.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';
import type { Bus } from '../bus/bus.ts';
import type { Log } from './ports.ts';
import { instantsOf } from './verdicts.ts';

export type ExecutionState = 'entered' | 'left';

export interface Execution {
  readonly order: string;
  readonly revision: number;
  readonly state: ExecutionState;
  readonly at: Instant;
}

export interface ExecutionStore {
  /** Oldest first. */
  executions(order: string): Promise<Execution[]>;
  /** The last of each order. */
  lastExecutions(): Promise<ReadonlyMap<string, ExecutionState>>;
  /** Does nothing when that is the order's last state already, as when another node was faster. */
  recordExecution(execution: Execution, leaf: LeafDraft<'order.executed'>): Promise<void>;
}

export interface Executions {
  /** Records what has changed by now, and again at each instant at which it may. Call it when the rules have changed. */
  look(): Promise<void>;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

const RETRY_AFTER = 60_000;

export function createExecutions(ports: {
  readonly store: ExecutionStore;
  readonly clock: Clock;
  readonly rules: () => readonly OrderRule[];
  /** Whether the order is kept from the public then. */
  readonly withheld: (order: string, at: Instant) => boolean;
  /** An order came into force, or is in force no more. */
  readonly recorded: () => void;
  readonly bus: Bus;
  readonly log: Log;
}): Executions {
  const { store, clock, rules, withheld, recorded, bus, log } = ports;
  let cancel: () => void = () => undefined;
  let last: Promise<void> = Promise.resolve();
  let stopped = false;

  /** Returns for which instant. */
  async function record(): Promise<Instant> {
    const now = clock.now();
    const known = await store.lastExecutions();
    for (const rule of rules()) {
      const state: ExecutionState = inForce(rule, now) ? 'entered' : 'left';
      // What has never been in force has nothing to leave.
      if (state === (known.get(rule.order) ?? 'left')) continue;
      const { order, revision } = rule;
      await store.recordExecution(
        { order, revision, state, at: now },
        {
          ...{ kind: 'order.executed', at: now },
          // Leaves with its number could be counted: every second one is an entry into force.
          ...(withheld(order, now)
            ? keepParticulars({ order, revision, state })
            : { subject: null, public: { order, revision, state } }),
        },
      );
      bus.publish({ kind: 'orders' });
      recorded();
    }
    return now;
  }

  function schedule(at: Instant): void {
    cancel();
    if (stopped) return;
    cancel = clock.at(at, () => void look());
  }

  function look(): Promise<void> {
    if (stopped) return last;
    last = last.then(record).then(
      (recordedFor) => {
        // Not from now on: another order's instant may have come while this one's was written.
        const next = Math.min(
          ...rules()
            .flatMap(instantsOf)
            .filter((at) => at > recordedFor),
        );
        if (Number.isFinite(next)) schedule(next);
      },
      (error: unknown) => {
        log.warn({ err: error }, 'the execution of an order could not be recorded; trying again');
        schedule(clock.now() + RETRY_AFTER);
      },
    );
    return last;
  }

  return {
    look,
    stop: async () => {
      stopped = true;
      cancel();
      await last;
    },
  };
}
