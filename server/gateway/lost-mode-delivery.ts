/**
 * Delivery of lost mode to agents, and the intake of positions. An order that suspends the management of a device also stops both, before the
 * server has closed the connection.
 */
import type { DeviceFrame } from '../../shared/protocol/frames.ts';
import type { DeviceId, LostModeId } from '../../shared/protocol/ids.ts';
import type { LostModePort, OrdersPort } from './ports.ts';
import type { DeviceSession } from './session.ts';
import type { Sessions } from './sessions.ts';

export interface LostModeDelivery {
  /** Begins the delivery to a session whose agent has this lost mode; empty if lost mode is off. */
  begin(session: DeviceSession, mode: LostModeId | ''): Promise<void>;
  changed(device: DeviceId): Promise<void>;
  position(session: DeviceSession, frame: Extract<DeviceFrame, { kind: 'position' }>): Promise<void>;
}

export function createLostModeDelivery({
  lostMode,
  orders,
  sessions,
}: {
  readonly lostMode: Pick<LostModePort, 'current' | 'report'>;
  readonly orders: { readonly effect: Pick<OrdersPort['effect'], 'cachedVerdict' | 'verdict'> };
  readonly sessions: Pick<Sessions, 'live'>;
}): LostModeDelivery {
  /** Lost mode that each agent has. An agent without an entry does not know lost mode. */
  const sent = new WeakMap<DeviceSession, LostModeId | ''>();

  async function isManaged(device: DeviceId): Promise<boolean> {
    const { services } = orders.effect.cachedVerdict(device) ?? (await orders.effect.verdict(device));
    return services.management.allowed;
  }

  async function push(session: DeviceSession): Promise<void> {
    const mode = lostMode.current(session.device, session.generation);
    const id = mode?.id ?? '';
    if (id === sent.get(session) || !(await isManaged(session.device))) return;
    sent.set(session, id);
    session.frames.send({ kind: 'lost-mode', mode });
  }

  return {
    begin(session, mode) {
      sent.set(session, mode);
      return push(session);
    },
    async changed(device) {
      const session = sessions.live(device);
      if (session && sent.has(session)) await push(session);
    },
    async position({ device, generation }, { mode, position }) {
      if (await isManaged(device)) await lostMode.report(device, generation, { mode, position });
    },
  };
}
