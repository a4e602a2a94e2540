/**
 * Wakes: hints that data waits in the store. A lost, repeated or reordered wake only delays data, because devices and server processes also
 * read the store on connect and on a timer. A wake never contains the data itself.
 */
import type { DeviceId } from '../../shared/protocol/ids.ts';

export type Wake =
  /** Facts about this device have changed, and a new device record may wait. */
  | { readonly kind: 'device'; readonly device: DeviceId }
  /** Commands wait for these devices. */
  | { readonly kind: 'commands'; readonly devices: readonly DeviceId[] }
  /** This device was revoked or unenrolled: close its sockets. */
  | { readonly kind: 'ended'; readonly device: DeviceId }
  /** This device opened a session with this epoch (session number). Sessions of the device with lower numbers must close. */
  | { readonly kind: 'opened'; readonly device: DeviceId; readonly epoch: number }
  /** A new order list or approver set is current. */
  | { readonly kind: 'list' }
  /** Verdicts may have changed for these devices, because an order took effect or a location changed. */
  | { readonly kind: 'verdicts'; readonly devices: readonly DeviceId[] }
  /** Mail waits for these devices. */
  | { readonly kind: 'mail'; readonly devices: readonly DeviceId[] }
  /** The verified devices of these people have changed. */
  | { readonly kind: 'members'; readonly people: readonly string[] }
  /** The server has few key packages left of these devices. */
  | { readonly kind: 'key-packages'; readonly devices: readonly DeviceId[] }
  /** An IP database was activated in place of the previous one. */
  | { readonly kind: 'ip-database' }
  /** A time correction was published. */
  | { readonly kind: 'time-correction' }
  /** A legal hold was released. Deletions that the hold prevented may be due. */
  | { readonly kind: 'hold-released' }
  /** Changes for console pages and event streams. Devices do not need them. */
  | { readonly kind: Shown };

type Shown = 'devices' | 'results' | 'orders' | 'receipts' | 'alerts' | 'accounts' | 'ledger';

export interface Bus {
  publish(wake: Wake): void;
  /** Returns the function that cancels the subscription. A subscriber must not throw. */
  subscribe(hear: (wake: Wake) => void): () => void;
}

/** Bus of one process. Subscribers run in a later turn of the event loop, never inside `publish`. */
export class LocalBus implements Bus {
  readonly #subscribers = new Set<(wake: Wake) => void>();
  readonly #underWay = new Set<Wake['kind']>();

  publish(wake: Wake): void {
    // Ten thousand devices that connect at once cause equal wakes. The bus delivers equal wakes only once.
    if (Object.keys(wake).length === 1) {
      if (this.#underWay.has(wake.kind)) return;
      this.#underWay.add(wake.kind);
    }
    setImmediate(() => {
      this.#underWay.delete(wake.kind);
      for (const subscriber of this.#subscribers) subscriber(wake);
    });
  }

  subscribe(hear: (wake: Wake) => void): () => void {
    this.#subscribers.add(hear);
    return () => this.#subscribers.delete(hear);
  }
}
