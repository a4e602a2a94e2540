import { randomUUID } from 'node:crypto';
import { epochOf } from '../../../shared/seal/conversation.ts';
import { namedConversation } from '../../../shared/seal/message.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import type { HistoryStore } from '../message-store.ts';
import { type ConversationRecord, type Records, refusalsAfter } from './records.ts';

/** Notes: texts of this agent for the user, which appear between the messages of a conversation. */
export interface Notes {
  add(conversation: string, at: Instant, text: string): void;
  /**
   * Adds the note unless an equal note is newer than the conversation's last message. Otherwise a dishonest server could fill the
   * conversation with notes.
   */
  addOnce(conversation: string, text: string): void;
  /** Note about a message that this device could not decrypt. `device`: the sender according to the server. */
  addUnopened(record: ConversationRecord, device: string, code: string): void;
  addUnreadable(message: { readonly from: string; readonly body: Uint8Array }): void;
}

const NEWEST_SEARCHED = 16;

/**
 * Error codes with which this device refuses a commit that the server has accepted. Afterward, this device can no longer add or remove
 * members.
 */
const REFUSED: ReadonlySet<string> = new Set(['unverified_member', 'commit_refused']);

export function createNotes(ports: {
  readonly records: Records;
  readonly store: Pick<HistoryStore, 'history' | 'transaction'>;
  readonly now: () => Instant;
}): Notes {
  const { records, store, now } = ports;

  const add: Notes['add'] = (conversation, at, text) =>
    void records.addMessage({
      id: randomUUID(),
      conversation,
      mark: 'none',
      from: null,
      mine: false,
      at,
      text,
      attachments: [],
      recipients: [],
      refused: null,
      isRead: true,
    });

  const addOnce: Notes['addOnce'] = (conversation, text) => {
    const newest = store.history(conversation, null, NEWEST_SEARCHED).map(records.opened);
    const notes = newest.slice(newest.findLastIndex(({ from }) => from !== null) + 1);
    if (!notes.some((one) => one.text === text)) add(conversation, now(), text);
  };

  const addUnopened: Notes['addUnopened'] = (record, device, code) => {
    // This device has decrypted the same message before, so the user misses no text.
    if (code === 'message_replayed') return;
    store.transaction(() => {
      addOnce(record.id, unopenedText(code, nameIn(record, device)));
      const group = records.group(record.id);
      if (REFUSED.has(code) && group) {
        records.save({ ...record, unchangeableInEpoch: epochOf(group), ...refusalsAfter(record, device) });
      }
    });
  };

  return {
    add,
    addOnce,
    addUnopened,
    addUnreadable({ from, body }) {
      const ready = records.conversations().filter(({ state }) => state === 'ready');
      const conversationId = namedConversation(body);
      const [smallest] = ready
        .filter(({ members }) => members.some(({ device }) => device === from))
        .sort((a, b) => a.people.length - b.people.length);
      const record = ready.find(({ id }) => id === conversationId) ?? smallest;
      if (record) addUnopened(record, from, 'message_malformed');
    },
  };
}

export const nameIn = ({ members }: Pick<ConversationRecord, 'members'>, device: string): string =>
  members.find((member) => member.device === device)?.name ?? 'an unknown sender';

function unopenedText(code: string, name: string): string {
  if (REFUSED.has(code))
    return `A change of members, sent in the name of ${name}, is not allowed, so this device refused it. The members of this conversation can no longer change. At the next change, the conversation continues in a new one.`;
  if (code === 'epoch_past')
    return `A message, sent in the name of ${name}, arrived too late to be decrypted. If you miss something, ask ${name} to send it again.`;
  return `A message, sent in the name of ${name}, could not be decrypted. It was changed on the way, or sealed for other devices. Ask ${name} to send it again.`;
}
