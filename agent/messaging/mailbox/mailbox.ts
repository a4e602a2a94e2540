import type { DeviceFrame, ServerFrame } from '../../../shared/protocol/frames.ts';
import type { MessageStore } from '../message-store.ts';

/**
 * This device's mailbox on the server. The device stores each item before it acknowledges the item. Server counters that are higher than
 * the device's show that the device was restored from a backup.
 */
export interface Mailbox {
  /**
   * Asks the server to start (`open`) or stop the delivery of mailbox entries. Until the server responds with `mailbox-is`, the device must
   * send no message: the response may show that the device was restored from a backup.
   */
  ask(open: boolean): void;
  take(frame: Extract<ServerFrame, { kind: 'mailbox-entry' }>): void;
  /**
   * Compares the server's counters of received and sent messages with this device's. Higher counters on the server show that the device was
   * restored from a backup. The device then stores the higher counters and the state `restored` in one transaction.
   */
  compare(frame: Extract<ServerFrame, { kind: 'mailbox-is' }>): void;
  /** True if the device was restored from a backup and has not reset its MLS states yet. */
  restored(): boolean;
  /**
   * Records that the device has replaced its group keys after it was restored from a backup. Runs in the transaction that replaces the
   * keys.
   */
  resetDone(): void;
  /**
   * Increases this device's counter of sent messages, which `compare` compares with the server's counter. A deleted message without a
   * response is counted too, because the server may have accepted the message.
   */
  countAccepted(): void;
}

export function createMailbox({
  store,
  send,
}: {
  readonly store: MessageStore;
  readonly send: (frame: DeviceFrame) => boolean;
}): Mailbox {
  const counter = (name: 'acknowledged' | 'posts'): number => Number(store.messagingValue(name)?.toString() ?? 0);
  const count = (name: 'acknowledged' | 'posts', value: number) =>
    store.saveMessagingValue(name, Buffer.from(String(value)));

  return {
    ask: (open) => void send({ kind: 'mailbox', open }),
    take({ seq, item }) {
      store.transaction(() => {
        store.keepItem(item);
        if (seq > counter('acknowledged')) count('acknowledged', seq);
      });
      send({ kind: 'entries-stored', through: seq });
    },
    compare({ acknowledged, posts }) {
      const known = counter('posts');
      // The server may also have accepted the messages without a response, so the counter may be too low by their number.
      const restored = acknowledged > counter('acknowledged') || posts > known + store.countPosts();
      store.transaction(() => {
        if (restored) count('acknowledged', Math.max(acknowledged, counter('acknowledged')));
        // A server that was restored from a backup counts fewer messages. The device takes over the lower counter: with a counter that is
        // too high, a second copy of this device would remain undetected.
        if (restored || posts < known) count('posts', posts);
        if (restored) store.saveMessagingValue('restored', Buffer.from('yes'));
      });
    },
    restored: () => store.messagingValue('restored')?.toString() === 'yes',
    resetDone: () => store.saveMessagingValue('restored', Buffer.from('no')),
    countAccepted: () => count('posts', counter('posts') + 1),
  };
}
