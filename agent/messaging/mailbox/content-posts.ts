import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Content } from '../../../shared/seal/content.ts';
import { sealContent } from '../../../shared/seal/conversation.ts';
import {
  type ConversationRecord,
  type ConversationRecords,
  otherDevicesIn,
  type PostPurpose,
} from '../conversation/records.ts';
import type { MessageStore } from '../message-store.ts';
import type { Posts } from './posts.ts';

interface ContentPost {
  readonly to: readonly DeviceId[];
  readonly purpose: PostPurpose;
  readonly id?: string;
  also(): void;
}

/** Messages whose content is sealed when the message is made, so that only the members of the conversation at that time can read it. */
export interface ContentPosts {
  /** Seals the content and stores the outgoing message in one transaction. Does nothing if the device is not in the group. */
  add(record: ConversationRecord, content: Content, post: ContentPost): Promise<void>;
  /** True if the device can seal content now: the device is in the group, and none of its commits waits for the server's response. */
  isReady(conversation: string): boolean;
  othersIn(record: Pick<ConversationRecord, 'members'>): readonly DeviceId[];
}

export function createContentPosts(ports: {
  readonly device: DeviceId;
  readonly records: ConversationRecords;
  readonly store: Pick<MessageStore, 'transaction'>;
  readonly posts: Pick<Posts, 'add'>;
}): ContentPosts {
  const { records, store, posts } = ports;
  const othersIn: ContentPosts['othersIn'] = (record) => otherDevicesIn(record, ports.device);
  return {
    async add(record, content, { to, purpose, id, also }) {
      const group = records.group(record.id);
      if (!group) return;
      const sealed = await sealContent(group, content);
      const partialMessages = to.length === othersIn(record).length ? 0 : (record.partialMessages ?? 0) + 1;
      store.transaction(() => {
        records.save({ ...record, partialMessages }, { group: sealed.state });
        also();
        if (to.length === 0) return;
        const post = { to, body: sealed.message, ...(id === undefined ? {} : { id }) };
        posts.add(post, { ...purpose, epoch: sealed.epoch });
      });
    },
    isReady: (conversation) =>
      records.conversation(conversation)?.state === 'ready' && records.pending(conversation) === null,
    othersIn,
  };
}
