import { LARGEST_GAP } from '../../../shared/seal/suite.ts';
import type { PersonName, Records } from '../conversation/records.ts';
import type { Membership } from '../members/membership.ts';
import type { DueReceipt, MessageStore } from '../message-store.ts';
import type { ContentPosts } from './content-posts.ts';

const MOST_AT_ONCE = 200;

/**
 * Maximum number of consecutive messages that are sealed for only some of the members. Each message uses the next key of this device's
 * ratchet, and the other members accept a gap of at most `LARGEST_GAP` keys.
 */
const MOST_ASIDE = LARGEST_GAP / 5;

/** Receipts `delivered` and `read` for messages of other members. The user's other devices receive the `read` receipts too. */
export interface MessageReceipts {
  send(conversation: string): Promise<void>;
  markRead(conversation: string, messages: readonly string[]): boolean;
}

export function createMessageReceipts(ports: {
  readonly own: () => PersonName;
  readonly records: Records;
  readonly store: Pick<MessageStore, 'dueReceipts' | 'removeReceipts' | 'addReceipt' | 'transaction'>;
  readonly membership: Pick<Membership, 'ledger'>;
  readonly contentPosts: ContentPosts;
}): MessageReceipts {
  const { own, records, store, contentPosts } = ports;
  return {
    async send(conversation) {
      for (;;) {
        const due = store.dueReceipts(conversation, MOST_AT_ONCE);
        const [first] = due;
        const record = records.conversation(conversation);
        if (!first) return;
        if (!record || record.state === 'left') return store.removeReceipts(due);
        if (!contentPosts.isReady(conversation)) return;
        const batch = due.filter(({ kind }) => kind === first.kind);
        const senders = new Set(batch.flatMap(({ message }) => records.message(message)?.from?.person ?? []));
        if (first.kind === 'read') senders.add(own().person);
        const others = contentPosts.othersIn(record);
        const isForAll = (record.partialMessages ?? 0) >= MOST_ASIDE;
        const ofSenders = record.members.filter(({ person }) => senders.has(person)).map(({ device }) => device);
        const content = {
          type: 'receipt' as const,
          messages: batch.map(({ message }) => message),
          state: first.kind,
          ledger: ports.membership.ledger(),
        };
        await contentPosts.add(record, content, {
          to: isForAll ? others : others.filter((device) => ofSenders.includes(device)),
          purpose: { kind: 'receipt', conversation },
          also: () => store.removeReceipts(batch),
        });
      }
    },
    markRead(conversation, messages) {
      const unread = messages
        .flatMap((id) => records.message(id) ?? [])
        .filter((one) => one.conversation === conversation && one.mark === 'unread');
      store.transaction(() => {
        for (const message of unread) {
          records.changeMessage({ ...message, isRead: true, mark: 'none' });
          const receipt: DueReceipt = { conversation, message: message.id, kind: 'read' };
          store.removeReceipts([{ ...receipt, kind: 'delivered' }]);
          store.addReceipt(receipt);
        }
      });
      return unread.length > 0;
    },
  };
}
