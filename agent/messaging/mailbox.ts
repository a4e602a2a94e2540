/**
 * The mailbox on this side: what the server sends is stored before it is taken, opened or not. Its numbers tell a device that it was restored
 * from a copy: the server then knows of more than the device does.
 */
import type { DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import type { MessageStore } from './message-store.ts';

export interface Mailbox {
  /** Asks for it, or for no more of it. Until `mailbox-is` comes nothing may be posted. */
  ask(open: boolean): void;
  /** Durable, and acknowledged. */
  take(frame: Extract<ServerFrame, { kind: 'mail' }>): void;
  /** What the server remembers. If it is more than this device does, the device is marked as restored in the same step. */
  compare(frame: Extract<ServerFrame, { kind: 'mailbox-is' }>): void;
  /** It was restored from a copy and has not begun anew yet. */
  restored(): boolean;
  /** Inside the step that begins anew. */
  begunAnew(): void;
  /** The server has accepted one, or may have. */
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
      // What has had no answer yet may have been accepted.
      const restored = taken > counter('taken') || posts > known + store.countPosts();
      store.transaction(() => {
        if (restored) count('taken', Math.max(taken, counter('taken')));
        // A server that was itself restored from a copy has forgotten some; and what is resent is counted by it once. Never one too many here: a
        // copy of this device would pass for it for as long.
        if (restored || posts < known) count('posts', posts);
        if (restored) store.saveMessagingValue('restored', Buffer.from('yes'));
      });
    },
    restored: () => store.messagingValue('restored')?.toString() === 'yes',
    begunAnew: () => store.saveMessagingValue('restored', Buffer.from('no')),
    countAccepted: () => count('posts', counter('posts') + 1),
  };
}
