/**
 * Mail queues of devices. Each read first checks whether an order suspends mail for the device. The device therefore receives no mail that
 * such an order holds back, even if the server has not yet updated the queue for the order.
 */
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { MOST_MAIL_QUEUE_ITEMS } from '../../shared/protocol/mail-http.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Enrollment, OrdersPort } from '../relay/relay.ts';
import type { MailQueuePage, MailQueueStore } from './ports.ts';

/** Size of a page in bytes, after which the page ends. An item has up to 250 KB. */
const PAGE = 1024 * 1024;

export interface MailQueues {
  /** Items that the device may receive now. Throws `device_unknown`. */
  read(enrollment: Enrollment, after: number): Promise<MailQueuePage>;
  acknowledge(enrollment: Enrollment, through: number): Promise<void>;
}

export function createMailQueues({
  store,
  orders,
  restricts,
  clock,
  wake,
}: {
  readonly store: Pick<MailQueueStore, 'read' | 'acknowledge'>;
  readonly orders: Pick<OrdersPort, 'effect'>;
  readonly restricts: (device: DeviceId) => boolean;
  readonly clock: Clock;
  readonly wake: (devices: readonly DeviceId[]) => void;
}): MailQueues {
  return {
    async read({ device, generation }, after) {
      // A policy restricts the device. Its mail waits until the device complies.
      if (restricts(device)) return { items: [], more: false };
      const { services } = orders.effect.cachedVerdict(device) ?? (await orders.effect.verdict(device));
      const dueOnly = !services.mail.allowed;
      return store.read({
        device,
        generation,
        after,
        items: MOST_MAIL_QUEUE_ITEMS,
        bytes: PAGE,
        dueOnly,
        now: clock.now(),
      });
    },
    acknowledge: async (enrollment, through) => wake(await store.acknowledge(enrollment, through, clock.now())),
  };
}
