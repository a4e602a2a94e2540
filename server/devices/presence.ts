/**
 * Presence of devices. Each session of a device has a number (`epoch`). A new session invalidates the older sessions of the
 * device.
 */
import { CordonError } from '../../shared/errors.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import type { Connected, Contact, PresenceStore, ReportedState, Session } from './ports.ts';

export interface PresencePorts {
  readonly store: PresenceStore;
  readonly bus: Bus;
  readonly clock: Clock;
}

export function createPresence({ store, bus, clock }: PresencePorts) {
  /**
   * Opens a session, which invalidates all older sessions of the device. The caller must register its socket first. Otherwise the socket
   * could miss the notification `ended` and stay open.
   */
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
    if (opened.replacedSession) bus.publish({ kind: 'alerts' });
    return opened;
  }

  /** When the promise resolves, the data is durable, and the caller may acknowledge the device's reports. */
  async function recordState(session: Session, state: Omit<ReportedState, 'at'> = {}): Promise<void> {
    await store.recordState(session, { ...state, at: clock.now() });
    // Publish a notification only if the device reports a new version of the order list. Otherwise console pages would reload after each
    // report.
    if (state.list !== undefined) bus.publish({ kind: 'devices' });
  }

  /** Publishes no notification, because each suspended device sends an HTTPS request every few minutes. */
  function recordContact(device: Omit<Contact, 'at'>): Promise<void> {
    return store.recordContact({ ...device, at: clock.now() });
  }

  async function disconnected(session: Session): Promise<void> {
    await store.disconnected(session, clock.now());
    bus.publish({ kind: 'devices' });
  }

  return {
    connected,
    disconnected,
    recordState,
    recordContact,
    /**
     * Marks all devices as disconnected, because the sockets of an earlier process no longer exist. The server calls this before the
     * listeners open.
     */
    resetPresence: () => store.reset(clock.now()),
  };
}
