import { randomUUID } from 'node:crypto';
import { CordonError } from '../../../shared/errors.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import { LONGEST_TEXT, MOST_ATTACHMENTS } from '../../../shared/seal/content.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import { type GateView, RESTRICTED } from '../../enforcement/gate-view.ts';
import type { Vault } from '../keys/vault.ts';
import type { Attachments } from '../mailbox/attachments.ts';
import { mergePeople, peopleOf } from '../members/roster.ts';
import type { MessageStore } from '../message-store.ts';
import type { UserActions } from '../messaging.ts';
import type { GroupChecks } from './group-checks.ts';
import type { NewConversations } from './new-conversation.ts';
import type { ConversationRecord, PersonName, Records } from './records.ts';
import { currentOf } from './succession.ts';
import { noConversation } from './views.ts';

const LONGEST_TITLE = 120;

export interface UserActionPorts {
  readonly device: DeviceId;
  readonly own: () => PersonName;
  readonly vault: Pick<Vault, 'state' | 'seal'>;
  readonly records: Records;
  readonly store: Pick<MessageStore, 'transaction'>;
  readonly conversations: NewConversations;
  readonly attachments: Pick<Attachments, 'keep'>;
  readonly checks: Pick<GroupChecks, 'request'>;
  readonly gate: () => GateView;
  readonly now: () => Instant;
  /**
   * Runs a user's action when no step of the message loop runs, because two simultaneous changes of a group would lose one change. Before
   * the action, loads the keys that decrypt stored messages and sign new ones.
   */
  readonly exclusively: <T>(work: () => Promise<T> | T) => Promise<T>;
}

export function createUserActions(ports: UserActionPorts): UserActions {
  const { own, records, conversations } = ports;

  const act = <T>(work: () => Promise<T> | T): Promise<T> =>
    ports.exclusively(() => {
      requireMessaging(ports);
      return work();
    });

  const changeable = (id: string): ConversationRecord => {
    const record = records.conversation(id);
    if (!record) throw noConversation(id);
    if (record.state === 'left') {
      throw new CordonError('not_a_member', 'You have left this conversation. Its messages stay on this device.');
    }
    return record;
  };

  /**
   * Stores a change of a conversation's title or people at once. The conversation's other members receive the change later, when this
   * device can send.
   */
  const describe = (record: ConversationRecord, change: Partial<ConversationRecord>) =>
    records.save({ ...record, ...change, descriptionDue: true });

  /**
   * Returns the time for a change of the title or of a person's membership: now, or just after the previous change if the clock of its
   * author was ahead. Otherwise, the other devices would ignore the new change as older.
   */
  const newerThan = (at: number) => Math.max(ports.now(), at + 1);

  const stated = (record: ConversationRecord, people: readonly PersonName[], belongs: boolean) => ({
    ...record.membershipStatements,
    ...Object.fromEntries(
      people.map(({ person }) => [person, { at: newerThan(record.membershipStatements[person]?.at ?? 0), belongs }]),
    ),
  });

  return {
    start: ({ people, title }) =>
      act(async () => {
        const [other, ...more] = new Set(people.filter((person) => person !== own().person));
        if (other === undefined) {
          throw new CordonError('invalid_input', 'A conversation needs at least one other person. Name one.');
        }
        if (title === null && more.length === 0) {
          const known = records
            .conversations()
            .find((one) => isUsable(one) && one.title === null && isBetween(one, own().person, other));
          if (known) return known.id;
        }
        return conversations.begin({ added: [other, ...more], title: normalizedTitle(title) });
      }),

    rename: (conversation, title) =>
      act(() => {
        const record = changeable(currentOf(records, conversation));
        describe(record, { title: normalizedTitle(title), titleAt: newerThan(record.titleAt) });
      }),

    addPeople: (conversation, people) =>
      act(async () => {
        const record = changeable(currentOf(records, conversation));
        const already = record.people.map(({ person }) => person);
        const members = await conversations.devicesOf(people, already);
        const added = peopleOf(members.filter(({ person }) => !already.includes(person)));
        describe(record, {
          people: mergePeople(record.people, added),
          membershipStatements: stated(record, added, true),
          checkedAt: 0,
        });
        ports.checks.request(record.id, true);
      }),

    leave: (conversation) =>
      act(() => {
        const record = changeable(conversation);
        const people = record.people.filter(({ person }) => person !== own().person);
        if (people.length === 0) return records.save({ ...record, state: 'left' }, { group: null, pending: null });
        // A commit without a response from the server stays stored, because this device seals its departure with the MLS state after that
        // commit.
        ports.store.transaction(() =>
          describe(record, { state: 'left', people, membershipStatements: stated(record, [own()], false) }),
        );
      }),

    send: (conversation, message) => act(() => write(ports, changeable(currentOf(records, conversation)).id, message)),
  };
}

async function write(
  { device, own, records, attachments, now }: UserActionPorts,
  conversation: string,
  { text, attachments: given }: Parameters<UserActions['send']>[1],
): Promise<string> {
  if (text === '' && given.length === 0) {
    throw new CordonError('invalid_input', 'The message is empty. Write a text or attach a file.');
  }
  if (text.length > LONGEST_TEXT || given.length > MOST_ATTACHMENTS) {
    const most = `A message has at most ${LONGEST_TEXT} characters and ${MOST_ATTACHMENTS} files. Send several messages.`;
    throw new CordonError('too_large', most);
  }
  const stored = [];
  for (const one of given) stored.push(await attachments.keep({ ...one, name: wellFormed(one.name) }));
  const id = randomUUID();
  records.addMessage({
    id,
    conversation,
    mark: 'unsent',
    mine: true,
    at: now(),
    text: wellFormed(text),
    attachments: stored,
    from: { ...own(), device },
    recipients: [],
    refused: null,
    isRead: true,
  });
  return id;
}

/**
 * Throws if the user may not write now: the workspace is not open, messaging is suspended, or the organization has not confirmed the
 * device.
 */
function requireMessaging({ vault, gate, own }: UserActionPorts): void {
  if (vault.state() !== 'open') vault.seal('', null);
  const { open, denials, restricted } = gate();
  if (!open) {
    const [denial] = denials;
    const missing =
      restricted === undefined
        ? 'This device has no order list or device record yet. Messaging starts when both have arrived.'
        : RESTRICTED;
    const detail = denial
      ? `Delivery is suspended by order ${denial.order} (${denial.title}). Appeal to: ${denial.appeal}`
      : missing;
    throw new CordonError('service_denied', detail, { order: denial?.order ?? null, appeal: denial?.appeal ?? null });
  }
  own();
}

/**
 * UTF-8 cannot encode half of a surrogate pair, with which a truncated emoji can end. A replacement character takes the place of each half.
 */
const wellFormed = (text: string): string => text.toWellFormed();

/** Title, cut to the maximum length; null if empty. A replacement character takes the place of an emoji that the cut splits. */
const normalizedTitle = (title: string | null): string | null =>
  wellFormed(title?.trim().slice(0, LONGEST_TITLE) ?? '') || null;

/**
 * True if the user can write in the conversation. False if its members can no longer change, or if this device waits to rejoin, because the
 * wait may never end.
 */
const isUsable = ({ state, unchangeableInEpoch, next }: ConversationRecord): boolean =>
  state === 'ready' && unchangeableInEpoch === undefined && next === undefined;

const isBetween = ({ people }: ConversationRecord, own: string, other: string): boolean =>
  people.length === 2 && people.every(({ person }) => person === own || person === other);
