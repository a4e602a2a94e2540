/**
 * The queue of actions on orders and approver sets. Actions run one at a time. If another node changed the state first, the action runs
 * again on the new state.
 */
import { isCordonError } from '../../../shared/errors.ts';
import { createSerialQueue } from '../../../shared/loops/serial-queue.ts';
import type { Bus } from '../../bus/bus.ts';

/** Maximum number of attempts of one action. An attempt fails if another node has changed the state first. */
const ATTEMPTS = 5;

export interface ActionQueue {
  run<T>(action: () => Promise<T>): Promise<T>;
  onDone(listener: () => void): void;
  idle(): Promise<void>;
}

export function createActionQueue({
  bus,
  reload,
  recordExecutions,
}: {
  readonly bus: Pick<Bus, 'publish'>;
  readonly reload: () => Promise<void>;
  /** Records orders that took effect or ended. The promise must never reject, because a failure must not stop the queue. */
  readonly recordExecutions: () => Promise<void>;
}): ActionQueue {
  const queue = createSerialQueue();
  const listeners: (() => void)[] = [];
  return {
    run: (action) =>
      queue(async () => {
        // The ledger entry for an order's start must come before the entries of actions after the start. Otherwise the verification of
        // every evidence pack of the order fails.
        await recordExecutions();
        for (let attempt = 1; ; attempt += 1) {
          try {
            const done = await action();
            bus.publish({ kind: 'orders' });
            for (const listener of listeners) listener();
            return done;
          } catch (error) {
            if (!isCordonError(error, 'conflict') || attempt === ATTEMPTS) throw error;
            await reload();
          }
        }
      }),
    onDone: (listener) => void listeners.push(listener),
    idle: () => queue(async () => undefined),
  };
}
