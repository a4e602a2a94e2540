/** Presence and inventory of devices. A session's epoch excludes all older sockets of its device. */
import { CordonError } from '../../shared/errors.ts';
import type { Inventory } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import type { Connected, PresenceStore, Seen, Session, Sighted } from './ports.ts';

export interface PresencePorts {
  readonly store: PresenceStore;
  readonly bus: Bus;
  readonly clock: Clock;
}

export function createPresence({ store, bus, clock }: PresencePorts) {
  /** Opens a session. Its epoch fences all older sockets of the device. Register the socket first, so that no `ended` is missed. */
  async function connected(device: Omit<Connected, 'at'>) {
    const at = clock.now();
    const opened = await store.connected(
      { ...device, at },
      {
        at,
        device: device.device,
        code: 'taken_over',
        detail:
          'A second connection with the same identity took over. If this repeats, the device may have been copied: revoke it.',
      },
    );
    if (!opened) {
      throw new CordonError('certificate_revoked', 'The device was revoked or has enrolled again.', {
        device: device.device,
      });
    }
    bus.publish({ kind: 'opened', device: device.device, epoch: opened.epoch });
    if (opened.tookOver) bus.publish({ kind: 'alerts' });
    return opened;
  }

  /** Records data from a live socket. Resolves when durable: `reports` may be acknowledged then. */
  async function seen(session: Session, what: Omit<Seen, 'at'> = {}): Promise<void> {
    await store.seen(session, { ...what, at: clock.now() });
    // Presence alone wakes no page. A new list version does.
    if (what.list !== undefined) bus.publish({ kind: 'devices' });
  }

  /** No wake: each suspended device polls every few minutes. */
  function sighted(device: Omit<Sighted, 'at'>): Promise<void> {
    return store.sighted({ ...device, at: clock.now() });
  }

  async function disconnected(session: Session): Promise<void> {
    await store.disconnected(session, clock.now());
    bus.publish({ kind: 'devices' });
  }

  async function putInventory(device: DeviceId, inventory: Inventory): Promise<void> {
    await store.putInventory(device, inventory);
    bus.publish({ kind: 'devices' });
  }

  return {
    connected,
    disconnected,
    seen,
    sighted,
    /** Runs at the start, before the listeners: sockets of an earlier process no longer exist. */
    resetPresence: () => store.reset(clock.now()),
    putInventory,
    inventory: store.inventory.bind(store),
  };
}
