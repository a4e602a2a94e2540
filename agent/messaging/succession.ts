/**
 * A conversation whose members can no longer change gets a successor with the same people. The device whose turn comes first begins the successor. The
 * other devices follow its link. Both conversations tell people about it (ADR 32).
 */
import type { Content } from '../../shared/seal/content.ts';
import { epochOf } from '../../shared/seal/conversation.ts';
import { begin } from './begin.ts';
import type { Context } from './context.ts';
import type { Member } from './membership.ts';
import { type ConversationRecord, MOST_REFUSALS, type Records } from './records.ts';
import { note, noteOnce } from './sayings.ts';

/** Two devices that begin at once leave a short chain. A longer one was made by a member with another client. */
const LONGEST_CHAIN = 16;

/** The conversation in which people go on with this one, which is the conversation itself in most cases. */
export function currentOf(records: Pick<Records, 'conversation'>, id: string): string {
  let current = id;
  for (let step = 0; step < LONGEST_CHAIN; step += 1) {
    const next = records.conversation(current)?.next;
    if (next === undefined || records.conversation(next)?.state !== 'ready') return current;
    current = next;
  }
  return current;
}

/** The server accepts no change of this device: the organization and the user learn of it, and the next comparison begins a successor. */
export function stopChanges(context: Context, conversation: string, epoch: number): void {
  const { records, store } = context;
  const record = records.conversation(conversation);
  if (record?.state !== 'ready' || record.refusedIn === epoch) return;
  const detail = `${conversation}: the server refuses every change of its members after epoch ${epoch}; a successor begins`;
  context.alarm('conversation_blocked', detail, `blocked ${conversation} ${epoch}`);
  store.transaction(() => {
    records.save({ ...record, refusedIn: epoch, checkedAt: 0 });
    noteOnce(context, conversation, 'The server refuses every change of who is in this conversation.');
  });
}

/** The server did not accept a welcome: the newcomers cannot join this conversation. */
export function stopWelcome(context: Context, conversation: string): void {
  const { records } = context;
  const group = records.group(conversation);
  const record = records.conversation(conversation);
  if (!group || record?.state !== 'ready') return;
  records.save({ ...record, unwelcomed: true });
  stopChanges(context, conversation, epochOf(group));
}

/** Returns after how many milliseconds to look again, or null. `patience`: the time that devices whose turn comes earlier have. */
export async function beginSuccessor(
  context: Context,
  record: ConversationRecord,
  patience: number,
  waited: boolean,
): Promise<number | null> {
  if (record.next !== undefined) return null;
  if (!waited && patience > 0) return patience;
  const { person } = context.own();
  await begin(context, {
    coming: [],
    already: record.people.map((one) => one.person).filter((other) => other !== person),
    title: record.title,
    from: {
      ...{ continues: record.id, people: record.people },
      ...(record.refusals ? { refusals: record.refusals } : {}),
      ...(record.leftOut ? { leftOut: record.leftOut } : {}),
    },
    also: (begun) => link(context, record, begun),
  });
  return null;
}

/** A member says that a conversation continues another. The link counts when that member was in both, and both have the same people. */
export function hearLink(
  context: Context,
  id: string,
  from: Member,
  { continues }: Extract<Content, { type: 'about' }>,
): void {
  const { records } = context;
  const record = records.conversation(id);
  if (!continues || !record || record.state === 'left' || record.continues !== undefined) return;
  const leftOut = [...(record.leftOut ?? []), ...continues.without].slice(-MOST_REFUSALS);
  const before = records.conversation(continues.conversation);
  if (!before) {
    // This device joined later. It leaves out the devices that the others leave out.
    if (isFirstAbout(record)) records.save({ ...record, continues: continues.conversation, leftOut });
    return;
  }
  const wasMember = before.members.some(({ device }) => device === from.device);
  if (before.state === 'left' || !wasMember || !havePeopleInCommon(before, record) || before.id === id) return;
  link(context, before, {
    ...record,
    ...(before.refusals ? { refusals: before.refusals } : {}),
    leftOut: [...(before.leftOut ?? []), ...leftOut].slice(-MOST_REFUSALS),
  });
}

/** Only the word with which a member lets this device in may name devices to leave out. */
const isFirstAbout = ({ said }: ConversationRecord): boolean => Object.keys(said).length === 0;

const havePeopleInCommon = (a: ConversationRecord, b: ConversationRecord): boolean => {
  const theirs = new Set(b.people.map(({ person }) => person));
  return a.people.length === theirs.size && a.people.every(({ person }) => theirs.has(person));
};

function link(context: Context, before: ConversationRecord, successor: ConversationRecord): void {
  const { records, store } = context;
  const rival = before.next === undefined ? null : records.conversation(before.next);
  const linked: ConversationRecord = { ...successor, continues: before.id };
  store.transaction(() => {
    records.save(linked);
    if (rival && rival.id !== linked.id) {
      // Two devices began a successor at once. Every device chooses the one with the smaller id.
      const [first, second] = rival.id < linked.id ? [rival, linked] : [linked, rival];
      records.save({ ...before, next: first.id });
      records.save({ ...second, next: first.id });
      moveUnsent(context, second.id, first.id);
      note(
        context,
        second.id,
        context.now(),
        'It goes on in another conversation of the same people, which began at the same time.',
      );
      return;
    }
    records.save({ ...before, next: linked.id });
    moveUnsent(context, before.id, linked.id);
    note(
      context,
      before.id,
      context.now(),
      'This conversation goes on in a new one with the same people: nobody could come or go here any more.',
    );
    note(
      context,
      linked.id,
      context.now(),
      `This conversation continues ${nameOf(before)}, in which nobody could come or go any more.`,
    );
  });
}

const nameOf = ({ title }: ConversationRecord): string =>
  title === null ? 'an earlier one with the same people' : `“${title}”`;

function moveUnsent({ records, store }: Context, from: string, to: string): void {
  for (const { id } of store.marked(from, 'unsent')) records.moveMessage(id, to);
}
