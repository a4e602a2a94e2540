/**
 * The queue of actions on orders and approver sets. Actions run one at a time. An action that meets a change by another node runs again on the
 * new state.
 */
import { isCordonError } from '../../../shared/errors.ts';
import { createSerialQueue } from '../../../shared/loops/serial-queue.ts';
import type { Bus } from '../../bus/bus.ts';

/** Attempts of one action while other nodes change the same state first. */
const ATTEMPTS = 5;

export interface ActionQueue {
  run<T>(action: () => Promise<T>): Promise<T>;
  onDone(hear: () => void): void;
  idle(): Promise<void>;
}

export function createActionQueue({
  bus,
  reload,
  recordExecutions,
}: {
  readonly bus: Pick<Bus, 'publish'>;
  readonly reload: () => Promise<void>;
  /** Must not reject. */
  readonly recordExecutions: () => Promise<void>;
}): ActionQueue {
  const queue = createSerialQueue();
  const hearers: (() => void)[] = [];
  return {
    run: (action) =>
      queue(async () => {
        // In the ledger, the start of an order must precede later actions. Otherwise the check of a pack fails for every pack of the order.
        await recordExecutions();
        for (let attempt = 1; ; attempt += 1) {
          try {
            const done = await action();
            bus.publish({ kind: 'orders' });
            for (const hear of hearers) hear();
            return done;
          } catch (error) {
            if (!isCordonError(error, 'conflict') || attempt === ATTEMPTS) throw error;
            await reload();
          }
        }
      }),
    onDone: (hear) => void hearers.push(hear),
    idle: () => queue(async () => undefined),
  };
}
