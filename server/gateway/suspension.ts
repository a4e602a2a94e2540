/**
 * Closes the connection of a device when an order suspends the service `management`. Before that, the device has time to store the order
 * list and to send its receipt.
 */
import { CLOSE } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Delivery } from './delivery.ts';
import type { OrdersPort } from './ports.ts';
import type { DeviceSession } from './session.ts';
import type { Sessions } from './sessions.ts';

/** Maximum time for the device to store the order list and to send its receipt, in milliseconds by the system clock. */
const CLOSE_WITHIN = 5_000;

export interface Suspension {
  reconsider(device: DeviceId): Promise<void>;
  closeIfDone(session: DeviceSession): void;
}

interface Ports {
  readonly orders: OrdersPort;
  readonly sessions: Sessions;
  readonly push: Pick<Delivery, 'list'>;
}

export function createSuspension({ orders, sessions, push }: Ports): Suspension {
  const suspended = new WeakMap<DeviceSession, { reason: string; deadline: NodeJS.Timeout; receipts: number }>();

  function closeIfDone(session: DeviceSession): void {
    const state = suspended.get(session);
    if (!state) return;
    const current = orders.list.current();
    const { storedList, storedReceipts } = session.acknowledgments;
    if ((current && storedList < current.version) || storedReceipts <= state.receipts) return;
    clearTimeout(state.deadline);
    session.end(CLOSE.denied, state.reason);
  }

  return {
    async reconsider(device) {
      const session = sessions.live(device);
      if (!session || session.epoch === 0 || suspended.has(session)) return;
      push.list(session);
      const { management } = (await orders.effect.verdict(device)).services;
      if (management.allowed || suspended.has(session)) return;
      const reason = `order ${management.denials.map(({ order }) => order).join(', ')}`.slice(0, 120);
      const deadline = setTimeout(() => session.end(CLOSE.denied, reason), CLOSE_WITHIN);
      deadline.unref();
      suspended.set(session, { reason, deadline, receipts: session.acknowledgments.storedReceipts });
      closeIfDone(session);
    },
    closeIfDone,
  };
}
