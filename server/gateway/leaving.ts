/** Denial of `management` to a device that is connected: it gets the list, sends its receipt, and is closed. */
import { CLOSE } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { OrdersPort } from './ports.ts';
import type { Pushing } from './pushing.ts';
import type { DeviceSession } from './session.ts';
import type { Sessions } from './sessions.ts';

/** How long the device has to store the list and send its receipt. Real time. */
const LEAVE_WITHIN = 5_000;

export interface Leaving {
  /** The verdict may have changed. */
  reconsider(device: DeviceId): Promise<void>;
  /** The device has done something: perhaps it is all that it was waited for. */
  leaveIfDone(session: DeviceSession): void;
}

interface Ports {
  readonly orders: OrdersPort;
  readonly sessions: Sessions;
  readonly push: Pick<Pushing, 'list'>;
}

export function createLeaving({ orders, sessions, push }: Ports): Leaving {
  const leaving = new WeakMap<DeviceSession, { reason: string; deadline: NodeJS.Timeout; receipts: number }>();

  function leaveIfDone(session: DeviceSession): void {
    const state = leaving.get(session);
    const current = orders.currentList();
    if (!state || (current && session.storedList < current.version) || session.receipts <= state.receipts) return;
    clearTimeout(state.deadline);
    leaving.delete(session);
    session.end(CLOSE.denied, state.reason);
  }

  return {
    async reconsider(device) {
      const session = sessions.live(device);
      if (!session || session.epoch === 0 || session.leaving) return;
      push.list(session);
      const { management } = (await orders.verdict(device)).services;
      if (management.allowed || session.leaving) return;
      session.leaving = true;
      const reason = `order ${management.denials.map(({ order }) => order).join(', ')}`.slice(0, 120);
      const deadline = setTimeout(() => session.end(CLOSE.denied, reason), LEAVE_WITHIN);
      deadline.unref();
      leaving.set(session, { reason, deadline, receipts: session.receipts });
      leaveIfDone(session);
    },
    leaveIfDone,
  };
}
