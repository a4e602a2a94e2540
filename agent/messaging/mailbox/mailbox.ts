import type { DeviceFrame, ServerFrame } from '../../../shared/protocol/frames.ts';
import type { MessageStore } from '../message-store.ts';

/**
 * This device's view of its mailbox on the server. The device stores each item before it acknowledges the item. If the server's counters
 * are higher than the device's, the device was restored from a backup.
 */
export interface Mailbox {
  /**
   * Asks the server to send items (`open`), or to stop sending them. After this request, the device must send no post until the server
   * responds with `mailbox-is`.
   */
  ask(open: boolean): void;
  take(frame: Extract<ServerFrame, { kind: 'mail' }>): void;
  /**
   * Compares the server's counters with this device's. If the server's counters are higher, the same transaction also marks the device as
   * restored.
   */
  compare(frame: Extract<ServerFrame, { kind: 'mailbox-is' }>): void;
  /** True if the device was restored from a backup and has not reset its MLS states yet. */
  restored(): boolean;
  /** Ends the `restored` state. Runs in the transaction that resets the MLS states. */
  resetDone(): void;
  /** Counts a post that the server has accepted, or may have accepted. */
  countAccepted(): void;
}

export function createMailbox({
  store,
  send,
}: {
  readonly store: MessageStore;
  readonly send: (frame: DeviceFrame) => boolean;
}): Mailbox {
  const counter = (name: 'taken' | 'posts'): number => Number(store.messagingValue(name)?.toString() ?? 0);
  const count = (name: 'taken' | 'posts', value: number) => store.saveMessagingValue(name, Buffer.from(String(value)));

  return {
    ask: (open) => void send({ kind: 'mailbox', open }),
    take({ seq, item }) {
      store.transaction(() => {
        store.keepMail(item);
        if (seq > counter('taken')) count('taken', seq);
      });
      send({ kind: 'taken', through: seq });
    },
    compare({ taken, posts }) {
      const known = counter('posts');
      // The counter may be too low by the number of posts without a response, because the server may have accepted them.
      const restored = taken > counter('taken') || posts > known + store.countPosts();
      store.transaction(() => {
        if (restored) count('taken', Math.max(taken, counter('taken')));
        // A server that was restored from a backup counts fewer posts than the device, and counts a repeated post only once. The device
        // then takes over the server's lower counter. If the device's counter stayed too high, a second copy of this device would remain
        // undetected.
        if (restored || posts < known) count('posts', posts);
        if (restored) store.saveMessagingValue('restored', Buffer.from('yes'));
      });
    },
    restored: () => store.messagingValue('restored')?.toString() === 'yes',
    resetDone: () => store.saveMessagingValue('restored', Buffer.from('no')),
    countAccepted: () => count('posts', counter('posts') + 1),
  };
}
