/**
 * Wakes: hints that something waits in the store. A lost, repeated or reordered wake delays and never loses, since devices and
 * nodes reconcile on connect and on a timer. Nothing that matters may travel here alone.
 */
import type { DeviceId } from '../../shared/protocol/ids.ts';

export type Wake =
  /** What is known of this device has changed: a new record may wait for it. */
  | { readonly kind: 'device'; readonly device: DeviceId }
  /** Commands wait for these devices. */
  | { readonly kind: 'commands'; readonly devices: readonly DeviceId[] }
  /** This device was revoked or unenrolled: close its sockets. */
  | { readonly kind: 'ended'; readonly device: DeviceId }
  /** A socket of this device opened with this session epoch: lower ones are fenced. */
  | { readonly kind: 'opened'; readonly device: DeviceId; readonly epoch: number }
  /** A new order list or root is current. */
  | { readonly kind: 'list' }
  /** Verdicts may have changed for these devices (an order came into force, a location moved). */
  | { readonly kind: 'verdicts'; readonly devices: readonly DeviceId[] }
  /** Something waits in the mailboxes of these devices. */
  | { readonly kind: 'mail'; readonly devices: readonly DeviceId[] }
  /** The devices of these people that may be members of conversations have changed. */
  | { readonly kind: 'members'; readonly people: readonly string[] }
  /** Few key packages of these devices are left. */
  | { readonly kind: 'key-packages'; readonly devices: readonly DeviceId[] }
  /** Another IP database is in use. */
  | { readonly kind: 'ip-database' }
  /** A time correction was published. */
  | { readonly kind: 'time-correction' }
  /** A legal hold was released: what it kept from being destroyed may be due. */
  | { readonly kind: 'hold-released' }
  /** For whoever shows it to people: something of this kind has changed. Devices need not hear of it. */
  | { readonly kind: Shown };

type Shown = 'devices' | 'results' | 'orders' | 'receipts' | 'alarms' | 'accounts' | 'ledger';

export interface Bus {
  publish(wake: Wake): void;
  /** Returns the cancellation. A subscriber must not throw. */
  subscribe(hear: (wake: Wake) => void): () => void;
}

/** For one process. Delivery is on a later turn of the loop, so that a publisher never runs a subscriber's code. */
export class LocalBus implements Bus {
  readonly #subscribers = new Set<(wake: Wake) => void>();
  readonly #underWay = new Set<Wake['kind']>();

  publish(wake: Wake): void {
    // Ten thousand devices that connect at once raise ten thousand hints that say the same: one of them goes out.
    if (Object.keys(wake).length === 1) {
      if (this.#underWay.has(wake.kind)) return;
      this.#underWay.add(wake.kind);
    }
    setImmediate(() => {
      this.#underWay.delete(wake.kind);
      for (const hear of this.#subscribers) hear(wake);
    });
  }

  subscribe(hear: (wake: Wake) => void): () => void {
    this.#subscribers.add(hear);
    return () => this.#subscribers.delete(hear);
  }
}
