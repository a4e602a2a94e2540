import { CordonError } from '../../../shared/errors.ts';
import type { Attachments } from '../mailbox/attachments.ts';
import { deliveryOf } from '../mailbox/delivery-state.ts';
import type { MessageStore } from '../message-store.ts';
import { type ConversationView, holds, type MessageView, type Views } from '../messaging.ts';
import type { ConversationRecord, HistoryMessage, PersonName, Records } from './records.ts';

const MOST_FOUND = 200;

function messageView(message: HistoryMessage): MessageView {
  const { id, conversation, from, mine, at, text, attachments } = message;
  return {
    id,
    conversation,
    mine,
    at,
    text,
    from: from && { person: from.person, name: from.name },
    attachments: attachments.map(({ name, type, size }) => ({ name, type, size })),
    ...stateOf(message),
  };
}

const NO_PROBLEM = { order: null, refusal: null, missed: [] } as const;

function stateOf({
  mine,
  mark,
  isRead,
  refused,
  recipients,
}: HistoryMessage): Pick<MessageView, 'state' | 'order' | 'refusal' | 'missed'> {
  if (!mine) return { state: isRead ? 'read' : 'delivered', ...NO_PROBLEM };
  if (refused) {
    const { order, code, detail } = refused;
    return { state: 'refused', order, refusal: { code, detail }, missed: [] };
  }
  if (mark === 'unsent') return { state: 'waiting', ...NO_PROBLEM };
  return deliveryOf(recipients);
}

export function createViews({
  records,
  store,
  own,
  attachments,
}: {
  readonly records: Records;
  readonly store: Pick<MessageStore, 'history' | 'countMarked' | 'marked' | 'wholeHistory'>;
  readonly own: () => PersonName;
  readonly attachments: Pick<Attachments, 'local'>;
}): Views {
  const view = (record: ConversationRecord): ConversationView => {
    const { id, title, state, members } = record;
    const [newest] = store.history(id, null, 1);
    const last = newest ? records.opened(newest) : null;
    return {
      id,
      title,
      state,
      unread: store.countMarked(id, 'unread'),
      people: record.people
        .filter(({ person }) => person !== own().person)
        .map(({ person, name }) => ({ person, name, verified: members.some((member) => member.person === person) })),
      last: last && { at: last.at, from: last.from?.name ?? '', text: last.text || (last.attachments[0]?.name ?? '') },
    };
  };

  /** A conversation that this device has not joined has only an identifier, so the user does not see it. */
  const shown = () => records.conversations().filter(({ people }) => people.length > 0);

  return {
    conversations: () =>
      shown()
        .map((record) => ({ record, summary: view(record) }))
        .sort((a, b) => (b.summary.last?.at ?? b.record.titleAt) - (a.summary.last?.at ?? a.record.titleAt))
        .map(({ summary }) => summary),
    messages(conversation, { before, limit }) {
      if (!records.conversation(conversation)) throw noConversation(conversation);
      return store.history(conversation, before ?? null, limit).map((stored) => messageView(records.opened(stored)));
    },
    unseen(conversation, limit) {
      if (!records.conversation(conversation)) throw noConversation(conversation);
      return store
        .marked(conversation, 'unread')
        .slice(0, limit)
        .map((stored) => messageView(records.opened(stored)));
    },
    message(id) {
      const message = records.message(id);
      if (!message) throw new CordonError('not_found', 'This device has no message with that identifier.');
      return messageView(message);
    },
    search(text) {
      const found: MessageView[] = [];
      for (const stored of store.wholeHistory()) {
        const message = records.opened(stored);
        const texts = [message.text, ...message.attachments.map(({ name }) => name)];
        if (texts.some((each) => holds(each, text))) found.push(messageView(message));
        if (found.length > MOST_FOUND) found.shift();
      }
      return found.reverse();
    },
    async *export() {
      for (const { id, title, people, state } of shown()) {
        yield JSON.stringify({ type: 'conversation', id, title, people, state });
      }
      for (const stored of store.wholeHistory()) {
        const message = records.opened(stored);
        yield JSON.stringify({ type: 'message', ...messageView(message) });
        for (const [index, attachment] of message.attachments.entries()) {
          const file = await attachments.local(attachment);
          if (!file) continue;
          const { name, type: mediaType, bytes } = file;
          const base64 = Buffer.from(bytes).toString('base64');
          yield JSON.stringify({ type: 'file', message: message.id, index, name, mediaType, base64 });
        }
      }
    },
  };
}

export const noConversation = (id: string): CordonError =>
  new CordonError('not_found', `This device has no conversation ${id}.`, { conversation: id });
