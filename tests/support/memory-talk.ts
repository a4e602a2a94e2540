/**
 * Messaging in memory, without a network, orders or encryption, so that a test can show the page in every state. A real agent reaches some
 * states only under an attack. `tests/e2e/page.test.ts` has real agents.
 */
import { randomUUID } from 'node:crypto';
import {
  type AttachmentView,
  type ConversationView,
  holds,
  type MessageState,
  type MessageView,
  type Messaging,
  type MessagingState,
  type NewAttachment,
  type PersonView,
} from '../../agent/messaging/messaging.ts';
import { CordonError } from '../../shared/errors.ts';
import { randomBase32 } from '../../shared/protocol/ids.ts';

type Outcome = Pick<MessageView, 'state' | 'order'> & Partial<Pick<MessageView, 'refusal'>>;

interface Said {
  readonly id: string;
  readonly from: string | null;
  readonly at: number;
  readonly text: string;
  readonly attachments: readonly NewAttachment[];
  readonly outcome: Map<string, Outcome>;
}

interface Talk {
  readonly id: string;
  title: string | null;
  readonly people: Set<string>;
  readonly left: Set<string>;
  readonly said: Said[];
}

export interface MemoryTalk {
  messagingOf(person: string): Messaging;
  become(person: string, state: MessagingState): void;
  /** Sets the delivery state of later messages to this person; null: they are delivered. */
  withhold(person: string, outcome: Outcome | null): void;
  doubt(person: string): void;
  /** Changes the state to that of a device restored from a backup. */
  rejoin(conversation: string): void;
  /** Adds a message with a past time, before the page is open. */
  say(conversation: string, from: string, text: string, at: number): string;
}

/** Creates the messaging of several people. `people`: name by person id. */
export function createMemoryTalk(people: Readonly<Record<string, string>>): MemoryTalk {
  const talks = new Map<string, Talk>();
  const states = new Map<string, MessagingState>();
  const withheld = new Map<string, Outcome>();
  const doubted = new Set<string>();
  const rejoining = new Set<string>();
  const listeners = new Set<() => void>();
  const nameOf = (person: string) => people[person] ?? person;
  const changed = () => {
    for (const listener of listeners) listener();
  };
  const view = (person: string): PersonView => ({ person, name: nameOf(person), verified: !doubted.has(person) });
  const put = (
    talk: Talk,
    from: string | null,
    text: string,
    attachments: readonly NewAttachment[],
    at = Date.now(),
  ) => {
    const others = [...talk.people].filter((each) => each !== from && !talk.left.has(each));
    const outcome = new Map(
      others.map((each) => [each, withheld.get(each) ?? { state: 'delivered' as const, order: null }]),
    );
    const id = randomUUID();
    talk.said.push({ id, from, at, text, attachments, outcome });
    changed();
    return id;
  };
  const worst = (outcomes: readonly { state: MessageState }[]): MessageState => {
    const all = outcomes.map(({ state }) => state);
    return (
      all.find((state) => ['held', 'refused', 'returned', 'expired'].includes(state)) ??
      (all.length > 0 && all.every((state) => state === 'read') ? 'read' : 'delivered')
    );
  };

  function messagingOf(me: string): Messaging {
    const state = (): MessagingState => states.get(me) ?? { state: 'ready', person: me, name: nameOf(me) };
    const readable = () => {
      const now = state().state;
      if (now === 'locked') throw new CordonError('workspace_locked', 'The workspace is locked.');
      if (now === 'wiped') throw new CordonError('workspace_wiped', 'The workspace has been wiped.');
    };
    const writable = () => {
      readable();
      const now = state();
      if (now.state === 'denied') throw new CordonError('service_denied', `Suspended by order ${now.orders.join()}.`);
      if (now.state !== 'ready') throw new CordonError('unavailable', 'This device is not countersigned yet.');
    };
    const mine = () => [...talks.values()].filter(({ people: all }) => all.has(me));
    const talk = (id: string) => {
      const found = mine().find((each) => each.id === id);
      if (!found) throw new CordonError('not_found', 'There is no such conversation.');
      return found;
    };
    const visible = (each: Said) =>
      each.from === me ||
      each.from === null ||
      (each.outcome.get(me)?.state ?? 'read') === 'delivered' ||
      each.outcome.get(me)?.state === 'read';
    const saidIn = ({ text, attachments }: Said) => [text, ...attachments.map(({ name }) => name)];
    const isUnseen = ({ from, outcome }: Said) => from !== null && outcome.get(me)?.state === 'delivered';
    const messageOf = (of: Talk, said: Said): MessageView => {
      const own = said.from === me;
      const outcomes = [...said.outcome].map(([person, each]) => ({ name: nameOf(person), refusal: null, ...each }));
      const missed = own ? outcomes.filter(({ state: each }) => each !== 'delivered' && each !== 'read') : [];
      return {
        id: said.id,
        conversation: of.id,
        from: said.from === null ? null : { person: said.from, name: nameOf(said.from) },
        mine: own,
        at: said.at,
        text: said.text,
        attachments: said.attachments.map(
          ({ name, type, bytes }): AttachmentView => ({ name, type, size: bytes.length }),
        ),
        state: own ? worst(outcomes) : isUnseen(said) ? 'delivered' : 'read',
        order: missed[0]?.order ?? null,
        refusal: missed[0]?.refusal ?? null,
        missed,
      };
    };
    const conversationOf = (of: Talk): ConversationView => {
      const last = of.said.findLast(visible);
      return {
        id: of.id,
        title: of.title,
        people: [...of.people]
          .filter((each) => each !== me && !of.left.has(each))
          .map(view)
          .map((each) => ({ ...each, verified: each.verified && !of.left.has(me) })),
        unread: of.said.filter(isUnseen).length,
        last: last
          ? {
              at: last.at,
              from: last.from === null ? '' : nameOf(last.from),
              text: last.text || (last.attachments[0]?.name ?? ''),
            }
          : null,
        state: of.left.has(me) ? 'left' : rejoining.has(of.id) ? 'rejoining' : 'ready',
      };
    };
    return {
      open: async () => undefined,
      state,
      people: async (text) =>
        Object.keys(people)
          .filter((each) => each !== me && nameOf(each).toLowerCase().includes(text.toLowerCase()))
          .map((person) => ({ person, name: nameOf(person), email: null, groups: ['Karachi office'] })),
      conversations() {
        readable();
        return mine()
          .map(conversationOf)
          .sort((a, b) => (b.last?.at ?? 0) - (a.last?.at ?? 0));
      },
      async start({ people: asked, title }) {
        writable();
        const unknown = asked.find((each) => !(each in people));
        if (unknown !== undefined) throw new CordonError('not_found', 'There is no such person.');
        const all = new Set([me, ...asked]);
        const same = mine().find(
          (each) =>
            title === null &&
            each.title === null &&
            each.people.size === 2 &&
            all.size === 2 &&
            each.people.has(asked[0] ?? ''),
        );
        if (same) return same.id;
        const id = randomBase32(14).slice(0, 22);
        talks.set(id, { id, title, people: all, left: new Set(), said: [] });
        changed();
        return id;
      },
      async rename(id, title) {
        writable();
        talk(id).title = title;
        put(
          talk(id),
          null,
          title === null ? `${nameOf(me)} took the title away.` : `${nameOf(me)} called it “${title}”.`,
          [],
        );
      },
      async addPeople(id, added) {
        writable();
        for (const each of added) talk(id).people.add(each);
        put(talk(id), null, `${nameOf(me)} added ${added.map(nameOf).join(', ')}.`, []);
      },
      async leave(id) {
        const of = talk(id);
        put(of, null, `${nameOf(me)} left.`, []);
        of.left.add(me);
        changed();
      },
      messages(id, { before, limit }) {
        readable();
        const of = talk(id);
        const all = of.said.filter(visible);
        const end = before === undefined ? all.length : all.findIndex((each) => each.id === before);
        return all.slice(Math.max(0, end - limit), Math.max(0, end)).map((each) => messageOf(of, each));
      },
      unseen(id, limit) {
        readable();
        const of = talk(id);
        return of.said
          .filter(isUnseen)
          .slice(0, limit)
          .map((each) => messageOf(of, each));
      },
      message(id) {
        readable();
        for (const of of mine()) {
          const said = of.said.find((each) => each.id === id && visible(each));
          if (said) return messageOf(of, said);
        }
        throw new CordonError('not_found', 'There is no such message.');
      },
      search(text) {
        readable();
        if (text === '') return [];
        return mine().flatMap((of) =>
          of.said
            .filter((each) => visible(each) && saidIn(each).some((words) => holds(words, text)))
            .map((each) => messageOf(of, each)),
        );
      },
      async send(id, { text, attachments }) {
        writable();
        return put(talk(id), me, text, attachments);
      },
      async attachment(message, index) {
        readable();
        const said = mine()
          .flatMap(({ said: all }) => all)
          .find((each) => each.id === message && visible(each));
        const found = said?.attachments[index];
        if (!found) throw new CordonError('not_found', 'There is no such attachment.');
        return found;
      },
      async read(id, shown) {
        const unseen = talk(id).said.filter((each) => isUnseen(each) && shown.includes(each.id));
        for (const { outcome } of unseen) outcome.set(me, { state: 'read', order: null });
        if (unseen.length > 0) changed();
      },
      async *export() {
        readable();
        for (const of of mine()) {
          yield JSON.stringify({ conversation: conversationOf(of) });
          for (const each of of.said.filter(visible)) yield JSON.stringify({ message: messageOf(of, each) });
        }
      },
      onChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
  }

  return {
    messagingOf,
    become(person, state) {
      states.set(person, state);
      changed();
    },
    withhold(person, outcome) {
      if (outcome) withheld.set(person, outcome);
      else withheld.delete(person);
    },
    doubt(person) {
      doubted.add(person);
      changed();
    },
    rejoin(conversation) {
      rejoining.add(conversation);
      changed();
    },
    say(conversation, from, text, at) {
      const of = talks.get(conversation);
      if (!of) throw new Error(`no conversation ${conversation}`);
      return put(of, from, text, [], at);
    },
  };
}
