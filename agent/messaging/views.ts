/** Records as a person sees them. Reads, and changes nothing. */
import { CordonError } from '../../shared/errors.ts';
import type { Attachments } from './attachments.ts';
import type { Context } from './context.ts';
import { outcomeOf } from './delivery.ts';
import { type ConversationView, holds, type MessageView } from './messaging.ts';
import type { ConversationRecord, HeldMessage } from './records.ts';

const MOST_FOUND = 200;

function messageView(message: HeldMessage): MessageView {
  const { id, conversation, from, mine, at, text, attachments } = message;
  return {
    ...{ id, conversation, mine, at, text },
    from: from && { person: from.person, name: from.name },
    attachments: attachments.map(({ name, type, size }) => ({ name, type, size })),
    ...fateOf(message),
  };
}

const WELL = { order: null, refusal: null, missed: [] } as const;

function fateOf({
  mine,
  mark,
  seen,
  refused,
  recipients,
}: HeldMessage): Pick<MessageView, 'state' | 'order' | 'refusal' | 'missed'> {
  if (!mine) return { state: seen ? 'read' : 'delivered', ...WELL };
  if (refused) {
    const { order, code, detail } = refused;
    return { state: 'refused', order, refusal: { code, detail }, missed: [] };
  }
  if (mark === 'unsent') return { state: 'waiting', ...WELL };
  return outcomeOf(recipients);
}

export interface Views {
  conversations(): readonly ConversationView[];
  messages(conversation: string, page: { readonly before?: string; readonly limit: number }): readonly MessageView[];
  unseen(conversation: string, limit: number): readonly MessageView[];
  message(id: string): MessageView;
  search(text: string): readonly MessageView[];
  export(): AsyncIterable<string>;
}

export function createViews(
  { records, store, own }: Pick<Context, 'records' | 'store' | 'own'>,
  attachments: Pick<Attachments, 'here'>,
): Views {
  const view = (record: ConversationRecord): ConversationView => {
    const { id, title, state, members } = record;
    const [newest] = store.history(id, null, 1);
    const last = newest ? records.opened(newest) : null;
    return {
      ...{ id, title, state, unread: store.countMarked(id, 'unread') },
      people: record.people
        .filter(({ person }) => person !== own().person)
        .map(({ person, name }) => ({ person, name, verified: members.some((member) => member.person === person) })),
      last: last && { at: last.at, from: last.from?.name ?? '', text: last.text || (last.attachments[0]?.name ?? '') },
    };
  };

  /** One that is only known by its number, and has yet to be joined, is nothing to look at. */
  const shown = () => records.conversations().filter(({ people }) => people.length > 0);

  return {
    conversations: () =>
      shown()
        .map((record) => ({ record, seen: view(record) }))
        .sort((a, b) => (b.seen.last?.at ?? b.record.titleAt) - (a.seen.last?.at ?? a.record.titleAt))
        .map(({ seen }) => seen),
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
      if (!message) throw new CordonError('not_found', 'There is no such message on this device.');
      return messageView(message);
    },
    search(text) {
      const found: MessageView[] = [];
      for (const stored of store.wholeHistory()) {
        const message = records.opened(stored);
        const said = [message.text, ...message.attachments.map(({ name }) => name)];
        if (said.some((each) => holds(each, text))) found.push(messageView(message));
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
          const file = await attachments.here(attachment);
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
  new CordonError('not_found', `There is no conversation ${id} on this device.`, { conversation: id });
