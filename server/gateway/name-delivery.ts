/** Delivery of the display name of a device to its agent. */
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { DevicesPort } from './ports.ts';
import type { DeviceSession } from './session.ts';
import type { Sessions } from './sessions.ts';

export interface NameDelivery {
  /** Begins the delivery to a session whose agent has this name; empty for none. */
  begin(session: DeviceSession, name: string): Promise<void>;
  changed(device: DeviceId): Promise<void>;
}

export function createNameDelivery({
  devices,
  sessions,
}: {
  readonly devices: Pick<DevicesPort, 'displayName'>;
  readonly sessions: Pick<Sessions, 'live'>;
}): NameDelivery {
  /** Name that each agent has. An agent without an entry does not know names. */
  const sent = new WeakMap<DeviceSession, string>();

  async function push(session: DeviceSession): Promise<void> {
    const name = (await devices.displayName(session.device)) ?? '';
    if (name === sent.get(session)) return;
    sent.set(session, name);
    session.frames.send({ kind: 'device-name', name });
  }

  return {
    begin(session, name) {
      sent.set(session, name);
      return push(session);
    },
    async changed(device) {
      const session = sessions.live(device);
      if (session && sent.has(session)) await push(session);
    },
  };
}
