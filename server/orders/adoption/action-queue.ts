/**
 * Queue of actions on orders and approver sets. Actions run one at a time. If another server process changed the state first, the action
 * runs again on the new state.
 */
import { isCordonError } from '../../../shared/errors.ts';
import { createSerialQueue } from '../../../shared/loops/serial-queue.ts';
import type { Bus } from '../../bus/bus.ts';

const ATTEMPTS = 5;

export interface ActionQueue {
  run<T>(action: () => Promise<T>): Promise<T>;
  /**
   * Sets the step that runs before each action. The ledger entry for an order's start must come before the entries of later actions, because
   * otherwise the verification of the order's evidence packs fails. The step must never reject, because a rejection would fail the action.
   */
  beforeEach(step: () => Promise<void>): void;
  onDone(listener: () => void): void;
  idle(): Promise<void>;
}

export function createActionQueue({
  bus,
  reload,
}: {
  readonly bus: Pick<Bus, 'publish'>;
  readonly reload: () => Promise<void>;
}): ActionQueue {
  const queue = createSerialQueue();
  let before: (() => Promise<void>) | null = null;
  const listeners: (() => void)[] = [];
  return {
    run: (action) =>
      queue(async () => {
        await before?.();
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
    beforeEach: (step) => {
      before = step;
    },
    onDone: (listener) => void listeners.push(listener),
    idle: () => queue(async () => undefined),
  };
}
