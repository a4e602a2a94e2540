/**
 * Notifications of changes in the store (wakes). A lost, repeated or reordered notification only delays data, because devices and server
 * processes also read the store on connect and on a timer. A notification never contains the data itself.
 */
import type { CommandId, DeviceId, QueryId } from '../../shared/protocol/ids.ts';

export type Wake =
  /** A device's home, legal seat, group, location statement or enrollment changed, or the server issued the device's record again. */
  | { readonly kind: 'device'; readonly device: DeviceId }
  | { readonly kind: 'commands'; readonly devices: readonly DeviceId[] }
  /** The store has a new job (a command to many devices). */
  | { readonly kind: 'job'; readonly job: CommandId }
  /** An admin has asked a live query. */
  | { readonly kind: 'query'; readonly query: QueryId }
  /** A device was revoked or unenrolled. Every server process that receives the notification closes the device's sockets. */
  | { readonly kind: 'ended'; readonly device: DeviceId }
  /**
   * A device opened a new session with the number `epoch`. Every server process that receives the notification closes the device's sessions
   * with lower numbers, because a device has only one session.
   */
  | { readonly kind: 'opened'; readonly device: DeviceId; readonly epoch: number }
  /** The groups of `devices` changed: static groups by an admin, or dynamic groups by an evaluation. */
  | { readonly kind: 'memberships'; readonly devices: readonly DeviceId[] }
  /** A new order list or approver set is current. */
  | { readonly kind: 'list' }
  /** The services that orders suspend may have changed for `devices`, because an order took effect or a location changed. */
  | { readonly kind: 'verdicts'; readonly devices: readonly DeviceId[] }
  /** The mailboxes of `devices` (sealed messages) have new entries. */
  | { readonly kind: 'mailbox'; readonly devices: readonly DeviceId[] }
  /** The mail queues of `devices` have new items. */
  | { readonly kind: 'mail'; readonly devices: readonly DeviceId[] }
  | { readonly kind: 'members'; readonly people: readonly string[] }
  /** Few key packages (one-time public keys for joining a conversation) of `devices` are left on the server. */
  | { readonly kind: 'key-packages'; readonly devices: readonly DeviceId[] }
  | { readonly kind: 'ip-database' }
  /** The organization switched sections of the inventory off or on. */
  | { readonly kind: 'inventory-sections' }
  | { readonly kind: 'time-correction' }
  /** A legal hold was released. Deletions that the hold prevented may be due. */
  | { readonly kind: 'hold-released' }
  /** A policy, its assignment or its order changed. */
  | { readonly kind: 'policies' }
  /** A script, its review or the switch for scripts changed. */
  | { readonly kind: 'scripts' }
  /** An admin changed the display name of a device. */
  | { readonly kind: 'device-name'; readonly device: DeviceId }
  /** Lost mode of a device began or ended. */
  | { readonly kind: 'lost-mode'; readonly device: DeviceId }
  /** The compliance of a device changed. */
  | { readonly kind: 'compliance'; readonly device: DeviceId }
  /** Changes that the console displays. Devices do not react to these changes. */
  | { readonly kind: Shown };

type Shown = 'devices' | 'results' | 'orders' | 'receipts' | 'alerts' | 'accounts' | 'ledger' | 'disclosures';

export interface Bus {
  publish(wake: Wake): void;
  /** Returns the function that cancels the subscription. A subscriber must not throw. */
  subscribe(subscriber: (wake: Wake) => void): () => void;
}

/** Bus of one process. Subscribers run in a later turn of the event loop, never inside `publish`. */
export class LocalBus implements Bus {
  readonly #subscribers = new Set<(wake: Wake) => void>();
  readonly #underWay = new Set<Wake['kind']>();

  publish(wake: Wake): void {
    // Deliver equal notifications only once. Ten thousand devices that connect at once cause many equal ones.
    if (Object.keys(wake).length === 1) {
      if (this.#underWay.has(wake.kind)) return;
      this.#underWay.add(wake.kind);
    }
    setImmediate(() => {
      this.#underWay.delete(wake.kind);
      for (const subscriber of this.#subscribers) subscriber(wake);
    });
  }

  subscribe(subscriber: (wake: Wake) => void): () => void {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }
}
