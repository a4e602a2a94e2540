import type { KeyPackageStock } from '../keys/key-package-stock.ts';
import type { Posts } from '../mailbox/posts.ts';
import type { MessageStore } from '../message-store.ts';
import type { Notes } from './notes.ts';
import type { ConversationRecord, Records } from './records.ts';

/**
 * Loss of a conversation's MLS state, because the device was restored from a backup or the state is damaged. Another copy of the device may
 * use the same state and its keys. This device therefore deletes the state, keeps the messages, and asks the other members to add it again.
 */
export interface StateLoss {
  /**
   * Deletes all MLS states and the outgoing messages that were made with them. After the device has rejoined, unconfirmed messages are
   * sealed again under the same ids. `also` runs in the same transaction.
   */
  resetAll(also: () => void): void;
  /**
   * Deletes the MLS state of one conversation. `reason`: cause for the alert to the organization. `text`: cause for the user's note in the
   * conversation. This text may contain names of members.
   */
  reset(record: ConversationRecord, reason: string, text: string): void;
}

export function createStateLoss(ports: {
  readonly records: Records;
  readonly store: Pick<MessageStore, 'transaction'>;
  readonly posts: Pick<Posts, 'forget'>;
  readonly stock: Pick<KeyPackageStock, 'replaceAll'>;
  readonly notes: Pick<Notes, 'addOnce'>;
  readonly alert: (code: string, detail: string, event: string) => void;
  readonly realNow: () => number;
}): StateLoss {
  const { records, store, posts, stock, notes } = ports;

  /**
   * Removes the outgoing messages of one conversation, or of all conversations for `null`, and marks the user's messages among them as
   * unsent again.
   */
  const returnToUnsent = (conversation: string | null) => {
    for (const { kind, id } of posts.forget(conversation)) {
      const message = kind === 'text' ? records.message(id) : null;
      if (message) records.changeMessage({ ...message, mark: 'unsent', recipients: [] });
    }
  };

  const deleteState = (record: ConversationRecord, why: string) => {
    const devicesToAsk = record.members.map(({ device }) => device);
    const next: ConversationRecord = {
      ...record,
      state: 'rejoining',
      devicesToAsk,
      rejoinRequestedBy: [],
      rejoinRequestedAt: 0,
    };
    records.save(next, { group: null, pending: null });
    // Members that send messages before they add this device again do not seal the messages for this device. The note informs the user
    // about the missing messages.
    notes.addOnce(
      record.id,
      `${why} This device asked the other members to add it again. It cannot read messages that they send until then. Ask them to repeat what you missed.`,
    );
  };

  return {
    resetAll(also) {
      store.transaction(() => {
        also();
        returnToUnsent(null);
        for (const record of records.conversations()) {
          if (record.state === 'left') continue;
          deleteState(record, 'This device was restored from a backup, or enrolled again.');
        }
        stock.replaceAll();
      });
    },
    reset(record, reason, text) {
      ports.alert(
        'conversation_lost',
        `${record.id}: ${reason}`,
        `${record.id} ${record.joinedInEpoch} ${ports.realNow()}`,
      );
      store.transaction(() => {
        returnToUnsent(record.id);
        deleteState(record, text);
      });
    },
  };
}
