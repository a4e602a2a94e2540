import type { Instant } from '../../shared/time/clock.ts';
import type { Enforcement } from './enforcement.ts';
import { type Notice, noticesOf } from './notice-view.ts';

export interface NoticeDelivery {
  list(): readonly Notice[];
  /** Displays an order's notice on the desktop. Without a desktop, the user finds the notice on the command line or the device page. */
  showOnDesktop(order: string): Promise<void>;
  showMissed(): void;
  /** Makes the receipt `displayed` for the given orders, by default for all orders. Each revision of an order gets one receipt. */
  markDisplayed(orders?: readonly string[]): void;
}

export function createNoticeDelivery(ports: {
  readonly enforcement: Pick<Enforcement, 'documents' | 'notices' | 'exits' | 'gates'>;
  readonly now: () => Instant;
  readonly notify?: ((notice: Notice) => Promise<boolean>) | undefined;
  readonly tryStore: (work: () => void) => void;
}): NoticeDelivery {
  const { documents, notices, exits, gates } = ports.enforcement;

  const list = () => noticesOf(documents.orders.values(), notices.all(), exits.completed(), gates(), ports.now());

  const showOnDesktop = async (order: string) => {
    const notice = list().find((each) => each.order === order);
    if (!notice || !ports.notify || !(await ports.notify(notice))) return;
    ports.tryStore(() => notices.markDisplayed([notice]));
  };

  return {
    list,
    showOnDesktop,
    showMissed() {
      for (const { order } of notices.undisplayed()) void showOnDesktop(order);
    },
    markDisplayed: (orders) =>
      ports.tryStore(() => notices.markDisplayed(list().filter(({ order }) => orders?.includes(order) ?? true))),
  };
}
