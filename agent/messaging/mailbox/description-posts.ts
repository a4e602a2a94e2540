import { descriptionOf } from '../conversation/description.ts';
import type { ConversationRecord, ConversationRecords, PostPurpose } from '../conversation/records.ts';
import type { Membership } from '../members/membership.ts';
import type { MessageStore } from '../message-store.ts';
import type { ContentPosts } from './content-posts.ts';
import type { Posted, Posts } from './posts.ts';

export interface DescriptionPosts {
  send(conversation: string): Promise<void>;
  /**
   * Processes the server's response to a description (message with the conversation's title and people). If an order prevented the delivery
   * to a member, the device sends a description again later.
   */
  settle(purpose: PostPurpose, response: Posted): void;
}

export function createDescriptionPosts(ports: {
  readonly records: ConversationRecords;
  readonly store: Pick<MessageStore, 'transaction'>;
  readonly posts: Pick<Posts, 'settled'>;
  readonly membership: Pick<Membership, 'ledger'>;
  readonly contentPosts: ContentPosts;
}): DescriptionPosts {
  const { records, store, contentPosts } = ports;
  return {
    async send(conversation) {
      const record = records.conversation(conversation);
      if (!record?.descriptionDue || records.pending(conversation)) return;
      const next: ConversationRecord = { ...record, descriptionDue: false, descriptionBlocked: false };
      if (!records.group(conversation)) return records.save(next);
      await contentPosts.add(next, descriptionOf(record, ports.membership.ledger()), {
        to: contentPosts.othersIn(record),
        purpose: { kind: 'description', conversation },
        also() {
          if (record.state === 'left') records.save({ ...next, members: [] }, { group: null });
        },
      });
    },
    settle({ conversation }, response) {
      store.transaction(() => {
        ports.posts.settled(response);
        const record = records.conversation(conversation);
        const isRefused = response.recipients.some(({ outcome }) => outcome === 'refused');
        if (record && isRefused) records.save({ ...record, descriptionBlocked: true });
      });
    },
  };
}
