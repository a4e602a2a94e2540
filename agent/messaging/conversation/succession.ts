import type { Content } from '../../../shared/seal/content.ts';
import { epochOf } from '../../../shared/seal/conversation.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import type { Member } from '../members/member.ts';
import type { MessageStore } from '../message-store.ts';
import type { NewConversations } from './new-conversation.ts';
import type { Notes } from './notes.ts';
import { type ConversationRecord, MOST_REFUSALS, type PersonName, type Records } from './records.ts';

/** Maximum number of conversations in a chain of successors. Without a limit, a modified client could build an endless chain. */
const LONGEST_CHAIN = 16;

/**
 * Succession of conversations (ADR 32). If the members of a conversation can no longer change, one device begins a successor with the same
 * people, and the other devices link their records to the successor. Notes in both conversations inform the users.
 */
export interface Succession {
  /**
   * Records that the server refuses every further change of the members in the given epoch (version of the group's keys). Informs the
   * organization and the user. The next group check then begins a new conversation with the same people, because only a new one can change
   * its members.
   */
  stopChanges(conversation: string, epoch: number): void;
  stopWelcome(conversation: string): void;
  /**
   * Begins a new conversation with the people of `record`, whose members can no longer change. For `wait` milliseconds, this device lets
   * other devices begin the new conversation first, unless `waited` is true. Returns the milliseconds to wait before the next call, or null
   * if the new conversation exists.
   */
  begin(record: ConversationRecord, wait: number, waited: boolean): Promise<number | null>;
  /**
   * Links a conversation to the predecessor that a member names. The link is accepted only if both conversations have the same people, and
   * if that member was in the predecessor too.
   */
  acceptLink(id: string, from: Member, about: Extract<Content, { type: 'description' }>): void;
}

/**
 * Returns the id of the newest usable conversation that continues the given conversation. Returns the given id if no conversation continues
 * it. A conversation continues in a new one when its members can no longer change.
 */
export function currentOf(records: Pick<Records, 'conversation'>, id: string): string {
  let current = id;
  for (let step = 0; step < LONGEST_CHAIN; step += 1) {
    const next = records.conversation(current)?.next;
    if (next === undefined || records.conversation(next)?.state !== 'ready') return current;
    current = next;
  }
  return current;
}

interface SuccessionPorts {
  readonly own: () => PersonName;
  readonly records: Records;
  readonly store: Pick<MessageStore, 'transaction' | 'marked'>;
  readonly conversations: Pick<NewConversations, 'begin'>;
  readonly notes: Pick<Notes, 'add' | 'addOnce'>;
  readonly now: () => Instant;
  readonly alert: (code: string, detail: string, event: string) => void;
}

export function createSuccession(ports: SuccessionPorts): Succession {
  const { records, store, notes } = ports;
  const links = createLinks(ports);

  const stopChanges: Succession['stopChanges'] = (conversation, epoch) => {
    const record = records.conversation(conversation);
    if (record?.state !== 'ready' || record.unchangeableInEpoch === epoch) return;
    const detail = `${conversation}: the server refuses every change of its members after epoch ${epoch}; a successor begins`;
    ports.alert('conversation_blocked', detail, `blocked ${conversation} ${epoch}`);
    store.transaction(() => {
      records.save({ ...record, unchangeableInEpoch: epoch, checkedAt: 0 });
      notes.addOnce(conversation, 'The server refuses every change of members in this conversation.');
    });
  };

  return {
    stopChanges,
    stopWelcome(conversation) {
      const group = records.group(conversation);
      const record = records.conversation(conversation);
      if (!group || record?.state !== 'ready') return;
      records.save({ ...record, welcomeRefused: true });
      stopChanges(conversation, epochOf(group));
    },
    async begin(record, wait, waited) {
      if (record.next !== undefined) return null;
      if (!waited && wait > 0) return wait;
      const { person } = ports.own();
      await ports.conversations.begin({
        added: [],
        already: record.people.map((one) => one.person).filter((other) => other !== person),
        title: record.title,
        from: {
          continues: record.id,
          people: record.people,
          ...(record.refusedDevices ? { refusedDevices: record.refusedDevices } : {}),
          ...(record.excludedDevices ? { excludedDevices: record.excludedDevices } : {}),
        },
        also: (begun) => links.addSuccessor(record, begun),
      });
      return null;
    },
    acceptLink(id, from, { continues }) {
      const record = records.conversation(id);
      if (!continues || !record || record.state === 'left' || record.continues !== undefined) return;
      const excludedDevices = [...(record.excludedDevices ?? []), ...continues.excludedDevices].slice(-MOST_REFUSALS);
      const before = records.conversation(continues.conversation);
      if (!before) {
        // This device was not in the predecessor, so only the description says which devices the other members leave out.
        if (isFirstDescription(record))
          links.addOrphan({ ...record, continues: continues.conversation, excludedDevices }, from);
        return;
      }
      const wasMember = before.members.some(({ device }) => device === from.device);
      if (before.state === 'left' || !wasMember || !haveSamePeople(before, record) || before.id === id) return;
      links.addSuccessor(before, {
        ...record,
        ...(before.refusedDevices ? { refusedDevices: before.refusedDevices } : {}),
        excludedDevices: [...(before.excludedDevices ?? []), ...excludedDevices].slice(-MOST_REFUSALS),
      });
    },
  };
}

interface Links {
  addSuccessor(before: ConversationRecord, successor: ConversationRecord): void;
  /**
   * Stores a successor of a conversation that this device was never in. If another successor of that conversation also has the member
   * `from`, links the two successors.
   */
  addOrphan(successor: ConversationRecord, from: Member): void;
}

/** Links between conversations and their successors. Each link is stored together with the notes that inform the user. */
function createLinks({
  records,
  store,
  notes,
  now,
}: Pick<SuccessionPorts, 'records' | 'store' | 'notes' | 'now'>): Links {
  const moveUnsent = (from: string, to: string) => {
    for (const { id } of store.marked(from, 'unsent')) records.moveMessage(id, to);
  };

  /** Two devices may begin successors of the same conversation at the same time. Every device chooses the successor with the smaller id. */
  const choose = (one: ConversationRecord, other: ConversationRecord): ConversationRecord => {
    const [chosen, rest] = one.id < other.id ? [one, other] : [other, one];
    records.save({ ...rest, next: chosen.id });
    moveUnsent(rest.id, chosen.id);
    const text = 'This conversation continues in another one with the same people. Both began at the same time.';
    notes.add(rest.id, now(), text);
    return chosen;
  };

  return {
    addSuccessor(before, successor) {
      const rival = before.next === undefined ? null : records.conversation(before.next);
      const linked: ConversationRecord = { ...successor, continues: before.id };
      store.transaction(() => {
        records.save(linked);
        const hasRival = rival !== null && rival.id !== linked.id;
        const chosen = hasRival ? choose(rival, linked) : linked;
        records.save({ ...before, next: chosen.id });
        if (!hasRival) {
          moveUnsent(before.id, linked.id);
          const text =
            'This conversation continues in a new one with the same people, because its members could no longer change.';
          notes.add(before.id, now(), text);
        }
        // The chosen successor already has this note if it was linked to the predecessor before.
        if (chosen !== linked) return;
        const origin = `This conversation continues ${titleOf(before)}, whose members could no longer change.`;
        notes.add(linked.id, now(), origin);
      });
    },
    addOrphan(successor, from) {
      store.transaction(() => {
        records.save(successor);
        const [sibling] = records
          .conversations()
          .filter(({ id, continues }) => id !== successor.id && continues === successor.continues)
          .filter(({ state, members }) => state !== 'left' && members.some(({ device }) => device === from.device))
          .filter((other) => haveSamePeople(other, successor))
          .toSorted((a, b) => (a.id < b.id ? -1 : 1));
        if (sibling) choose(sibling, successor);
      });
    },
  };
}

/** Only the first description, which arrives with the welcome, may name devices to leave out. */
const isFirstDescription = ({ membershipStatements }: ConversationRecord): boolean =>
  Object.keys(membershipStatements).length === 0;

const haveSamePeople = (a: ConversationRecord, b: ConversationRecord): boolean => {
  const theirs = new Set(b.people.map(({ person }) => person));
  return a.people.length === theirs.size && a.people.every(({ person }) => theirs.has(person));
};

const titleOf = ({ title }: ConversationRecord): string =>
  title === null ? 'an earlier one with the same people' : `“${title}”`;
