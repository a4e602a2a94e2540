/**
 * Mailboxes of devices. Each read first checks whether an order suspends messaging for the device. The device therefore receives no mail
 * that such an order holds back, even if the server has not yet updated the mailbox for the order.
 */
import { createBatcher } from '../../shared/loops/batcher.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import type { Enrollment, MailboxCounters, MailboxPage, MailboxQuery, MailboxStore, OrdersPort } from './ports.ts';

export interface Mailboxes {
  counters(enrollment: Enrollment): Promise<MailboxCounters>;
  /** Mail that the device may currently receive. Throws `device_unknown`. */
  read(query: Omit<MailboxQuery, 'dueOnly' | 'now'>): Promise<MailboxPage>;
  acknowledge(enrollment: Enrollment, through: number): Promise<void>;
}

export function createMailboxes(ports: {
  readonly store: Pick<MailboxStore, 'counters' | 'read' | 'acknowledge'>;
  readonly orders: Pick<OrdersPort, 'effect'>;
  readonly restricts: (device: DeviceId) => boolean;
  readonly clock: Clock;
  readonly wake: (devices: readonly DeviceId[]) => void;
}): Mailboxes {
  const { store, orders, restricts, clock, wake } = ports;
  return {
    counters: (enrollment) => store.counters(enrollment),
    async read(query) {
      const now = clock.now();
      const { device } = query;
      // A policy restricts the device. Its messages wait until the device complies.
      if (restricts(device)) return { entries: [], more: false };
      const { services } = orders.effect.cachedVerdict(device) ?? (await orders.effect.verdict(device));
      return store.read({ ...query, dueOnly: !services.messaging.allowed, now });
    },
    acknowledge: async (enrollment, through) => wake(await store.acknowledge(enrollment, through, clock.now())),
  };
}

/** Returns a function that notifies devices of waiting messages, with at most one notification per turn of the event loop. */
export function createWakes(
  bus: Pick<Bus, 'publish'>,
  kind: 'mailbox' | 'mail',
): (devices: readonly DeviceId[]) => void {
  const publish = createBatcher(
    async (devices: readonly DeviceId[]) => {
      bus.publish({ kind, devices });
      return new Map<DeviceId, undefined>();
    },
    { most: Number.POSITIVE_INFINITY },
  );
  return (devices) => {
    for (const device of devices) void publish(device);
  };
}
