/** What people do. Each act is one step between those of the loop, and durable on this device when it resolves; what goes out follows when it can. */
import { randomUUID } from 'node:crypto';
import { CordonError } from '../../shared/errors.ts';
import { LONGEST_TEXT, MOST_ATTACHMENTS } from '../../shared/seal/content.ts';
import type { GateView } from '../enforcement/gate-view.ts';
import type { Attachments } from './attachments.ts';
import { begin, devicesOf } from './begin.ts';
import { type Context, peopleOf, together } from './context.ts';
import type { Messaging } from './messaging.ts';
import type { ConversationRecord, Named } from './records.ts';
import { currentOf } from './succession.ts';
import type { Turns } from './turns.ts';
import { noConversation } from './views.ts';

const LONGEST_TITLE = 120;

export type Acts = Pick<Messaging, 'start' | 'rename' | 'addPeople' | 'leave' | 'send'>;

export function createActs(
  context: Context,
  ports: {
    readonly attachments: Attachments;
    readonly turns: Turns;
    readonly gate: () => GateView;
    /** Runs it after the steps that are under way and before the next, with vault and key loaded, and tells whoever listens. */
    readonly inTurn: <T>(work: () => Promise<T> | T) => Promise<T>;
  },
): Acts {
  const { records, store, vault, own } = context;
  const { attachments, turns, gate, inTurn } = ports;

  const requireOpen = (): void => {
    if (vault.state() !== 'open') vault.seal('', null);
    const { open, denials } = gate();
    if (!open) {
      const [denial] = denials;
      const detail = denial
        ? `Delivery is suspended by order ${denial.order} (${denial.title}). Appeal to: ${denial.appeal}`
        : 'This device has no order list or record yet, and delivers nothing until it has.';
      throw new CordonError('service_denied', detail, { order: denial?.order ?? null, appeal: denial?.appeal ?? null });
    }
    own();
  };

  const act = <T>(work: () => Promise<T> | T): Promise<T> =>
    inTurn(() => {
      requireOpen();
      return work();
    });

  const changeable = (id: string): ConversationRecord => {
    const record = records.conversation(id);
    if (!record) throw noConversation(id);
    if (record.state === 'left') {
      throw new CordonError('not_a_member', 'You do not belong to this conversation any more; what was said stays.');
    }
    return record;
  };

  /** Titles and people change here at once, and for the others when it can be sent. */
  const aboutChanged = (record: ConversationRecord, change: Partial<ConversationRecord>) =>
    records.save({ ...record, ...change, aboutDue: true });

  /** Newer than what was said before, also by a clock that is ahead. */
  const newerThan = (at: number) => Math.max(context.now(), at + 1);

  const said = (
    record: ConversationRecord,
    people: readonly Named[],
    belongs: boolean,
  ): ConversationRecord['said'] => ({
    ...record.said,
    ...Object.fromEntries(
      people.map(({ person }) => [person, { at: newerThan(record.said[person]?.at ?? 0), belongs }]),
    ),
  });

  return {
    start: ({ people, title }) =>
      act(async () => {
        const [other, ...more] = new Set(people.filter((person) => person !== own().person));
        if (other === undefined) throw new CordonError('invalid_input', 'A conversation is with somebody else.');
        if (title === null && more.length === 0) {
          const known = records
            .conversations()
            .find((one) => goesOn(one) && one.title === null && isBetween(one, own().person, other));
          if (known) return known.id;
        }
        return begin(context, { coming: [other, ...more], title: titled(title) });
      }),

    rename: (conversation, title) =>
      act(() => {
        const record = changeable(currentOf(records, conversation));
        aboutChanged(record, { title: titled(title), titleAt: newerThan(record.titleAt) });
      }),

    addPeople: (conversation, people) =>
      act(async () => {
        const record = changeable(currentOf(records, conversation));
        const already = record.people.map(({ person }) => person);
        const members = await devicesOf(context, people, already);
        const added = peopleOf(members.filter(({ person }) => !already.includes(person)));
        aboutChanged(record, {
          people: together(record.people, added),
          said: said(record, added, true),
          checkedAt: 0,
        });
        turns.soon(record.id, true);
      }),

    leave: (conversation) =>
      act(() => {
        const record = changeable(conversation);
        const people = record.people.filter(({ person }) => person !== own().person);
        if (people.length === 0) return records.save({ ...record, state: 'left' }, { group: null, pending: null });
        // What is on its way may be a change of the members: from the state after it nothing could be said.
        store.transaction(() => aboutChanged(record, { state: 'left', people, said: said(record, [own()], false) }));
      }),

    send: (conversation, { text, attachments: given }) =>
      act(async () => {
        // Text for a conversation that has a successor goes to the successor.
        const { id: where } = changeable(currentOf(records, conversation));
        if (text === '' && given.length === 0) throw new CordonError('invalid_input', 'There is nothing to send.');
        if (text.length > LONGEST_TEXT || given.length > MOST_ATTACHMENTS) {
          const most = `A message holds ${LONGEST_TEXT} characters and ${MOST_ATTACHMENTS} files at most.`;
          throw new CordonError('too_large', most);
        }
        const kept = [];
        for (const one of given) kept.push(await attachments.keep({ ...one, name: sealable(one.name) }));
        const id = randomUUID();
        records.addMessage({
          id,
          conversation: where,
          mark: 'unsent',
          mine: true,
          at: context.now(),
          text: sealable(text),
          attachments: kept,
          from: { ...own(), device: context.device },
          recipients: [],
          refused: null,
          seen: true,
        });
        return id;
      }),
  };
}

/** Half of a surrogate pair, as of an emoji that something has cut in two, is in no UTF-8: a mark stands for it, and the rest is said. */
const sealable = (text: string): string => text.toWellFormed();

/** Null: none. Also what is cut off here may leave half a pair. */
const titled = (title: string | null): string | null => sealable(title?.trim().slice(0, LONGEST_TITLE) ?? '') || null;

/** False for a conversation that this device waits to rejoin, which may take for ever, and for one whose members can no longer change. */
const goesOn = ({ state, refusedIn, next }: ConversationRecord): boolean =>
  state === 'ready' && refusedIn === undefined && next === undefined;

const isBetween = ({ people }: ConversationRecord, own: string, other: string): boolean =>
  people.length === 2 && people.every(({ person }) => person === own || person === other);
