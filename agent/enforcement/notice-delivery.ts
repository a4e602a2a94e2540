import type { Instant } from '../../shared/time/clock.ts';
import type { Enforcement } from './enforcement.ts';
import { type Notice, noticesOf } from './notice-view.ts';

export interface NoticeDelivery {
  /** All announced and active orders, and recently ended orders. */
  list(): readonly Notice[];
  /** Shows one order's notice on the desktop. Without a desktop, the user sees the notice on the command line or the page. */
  showOnDesktop(order: string): Promise<void>;
  showMissed(): void;
  /** Makes the receipts `displayed` for the orders that the user has seen, or for all orders, once per order and revision. */
  markShown(orders?: readonly string[]): void;
}

export function createNoticeDelivery(ports: {
  readonly enforcement: Pick<Enforcement, 'documents' | 'notices' | 'exits' | 'gates'>;
  readonly now: () => Instant;
  /** Displays the notice. True when the desktop accepted it. */
  readonly notify?: ((notice: Notice) => Promise<boolean>) | undefined;
  /** Runs a change of the store; a failure is logged. */
  readonly tryStore: (work: () => void) => void;
}): NoticeDelivery {
  const { documents, notices, exits, gates } = ports.enforcement;

  const list = () => noticesOf(documents.orders.values(), notices.all(), exits.completed(), gates(), ports.now());

  const showOnDesktop = async (order: string) => {
    const notice = list().find((each) => each.order === order);
    if (!notice || !ports.notify || !(await ports.notify(notice))) return;
    ports.tryStore(() => notices.markShown([notice]));
  };

  return {
    list,
    showOnDesktop,
    showMissed() {
      for (const { order } of notices.unshown()) void showOnDesktop(order);
    },
    markShown: (orders) =>
      ports.tryStore(() => notices.markShown(list().filter(({ order }) => orders?.includes(order) ?? true))),
  };
}
