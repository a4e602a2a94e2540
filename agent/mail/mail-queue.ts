import type { MailQueueItem } from '../../shared/protocol/mail-http.ts';
import type { MailClient } from './mail-client.ts';

/** Client for the server's queue of mail for this enrollment. */
export interface MailQueue {
  /**
   * Fetches all items that may be taken, oldest first, and acknowledges them after `take` has stored them. Returns the number of items. If
   * `take` throws, acknowledges the items before the failed one, and throws the error. The server repeats the other items.
   */
  fetch(): Promise<number>;
}

export function createMailQueue(ports: {
  readonly client: Pick<MailClient, 'queue' | 'received'>;
  /**
   * Time limit: only items that the server accepted earlier may be taken. Infinity while no order suspends mail; null if no item may be
   * taken. Called before each item, because an order may start during a long fetch.
   */
  readonly acceptedBefore: () => number | null;
  /**
   * Stores one item durably. The server repeats an item after a crash or a lost acknowledgment, so the function must recognize an item that
   * it has stored before.
   */
  readonly take: (item: MailQueueItem) => Promise<void>;
}): MailQueue {
  const { client, take } = ports;
  const mayTake = ({ at }: MailQueueItem): boolean => {
    const before = ports.acceptedBefore();
    return before !== null && at < before;
  };

  return {
    async fetch() {
      let count = 0;
      let after = 0;
      while (ports.acceptedBefore() !== null) {
        const { items, more } = await client.queue(after);
        const before = after;
        try {
          for (const item of items) {
            // The device can acknowledge only all items up to a number. The first item that must wait therefore ends the fetch.
            if (!mayTake(item)) return count;
            await take(item);
            after = item.seq;
            count += 1;
          }
        } finally {
          if (after > before) await client.received(after);
        }
        if (!more || after === before) return count;
      }
      return count;
    },
  };
}
