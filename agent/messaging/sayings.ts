/** What is said about a conversation itself: who calls it what, who came, who went. */
import { randomUUID } from 'node:crypto';
import { MOST_RECIPIENTS } from '../../shared/protocol/frames.ts';
import { type Content, MOST_WORDS } from '../../shared/seal/content.ts';
import { epochOf } from '../../shared/seal/conversation.ts';
import { namedConversation } from '../../shared/seal/message.ts';
import type { Context } from './context.ts';
import type { Member } from './membership.ts';
import { type ConversationRecord, type Named, refusalsAfter } from './records.ts';

type About = Extract<Content, { type: 'about' }>;

/** The conversation after somebody's word on title and people, and what to show of it. */
export function aboutSaid(
  record: ConversationRecord,
  from: Member,
  { at, title, people: theirs }: About,
  own: Named,
): { readonly next: ConversationRecord; readonly words: readonly string[] } {
  const isIn = (person: string) => record.people.some((one) => one.person === person);
  const newer = theirs.filter((word) => word.at > (record.said[word.person]?.at ?? (isIn(word.person) ? 0 : -1)));
  const known = (person: string): Named | undefined =>
    [...record.people, ...record.members].find((one) => one.person === person);
  const gone = record.people.filter(({ person }) => newer.some((word) => word.person === person && !word.belongs));
  const came = newer
    .filter((word) => word.belongs && !isIn(word.person))
    .map(({ person }) => ({ person, name: known(person)?.name ?? '' }));
  const isNewTitle = at > record.titleAt;
  const words = [
    // The first word of all is how it began, not a change.
    ...(isNewTitle && record.titleAt > 0 && title !== record.title
      ? [title === null ? `${from.name} took the title away.` : `${from.name} called it “${title}”.`]
      : []),
    ...came.flatMap(({ name }) => (name === '' ? [] : [`${from.name} brought in ${name}.`])),
    ...gone.map(({ person, name }) =>
      person === from.person ? `${name} left.` : `${from.name} says that ${name} does not belong to it any more.`,
    ),
  ];
  const said = newestOf({
    ...record.said,
    ...Object.fromEntries(newer.map(({ person, ...word }) => [person, word])),
  });
  const next: ConversationRecord = {
    ...record,
    ...(isNewTitle ? { titleAt: at, title } : {}),
    ...{ people: [...record.people.filter((one) => !gone.includes(one)), ...came].slice(0, MOST_RECIPIENTS), said },
    ...(said[own.person]?.belongs === false ? leaving(record, theirs, own) : {}),
    // Devices may have to come or go.
    checkedAt: gone.length + came.length > 0 ? 0 : record.checkedAt,
  };
  return { next, words };
}

/** Who has left and was let in again by somebody who had not heard of it says so once more before they go. */
function leaving(
  { members }: ConversationRecord,
  theirs: About['people'],
  own: Named,
): Pick<ConversationRecord, 'state' | 'members' | 'aboutDue'> {
  const isHeard = theirs.some(({ person, belongs }) => person === own.person && !belongs);
  return isHeard ? { state: 'left', members: [], aboutDue: false } : { state: 'left', members, aboutDue: true };
}

/** Whoever may speak could otherwise fill a record with words on whomever they like. */
const newestOf = (said: ConversationRecord['said']): ConversationRecord['said'] =>
  Object.fromEntries(
    Object.entries(said)
      .sort(([, a], [, b]) => b.at - a.at)
      .slice(0, MOST_WORDS),
  );

/** After these nobody who is honest goes on: the server has let one commit take the epoch, and it is not to be followed. */
const REFUSED: ReadonlySet<string> = new Set(['ghost_member', 'commit_refused']);

/** Whose device it is, as far as this conversation knows. */
export const nameIn = ({ members }: Pick<ConversationRecord, 'members'>, device: string): string =>
  members.find((member) => member.device === device)?.name ?? 'somebody';

function unopenedWords(code: string, name: string): string {
  if (REFUSED.has(code))
    return `A change of who is in this conversation came as from ${name}, and is not allowed: it was refused. Nobody can come or go here any more. When somebody has to, the conversation goes on in a new one by itself.`;
  if (code === 'epoch_past')
    return `Something came as from ${name} too late to be opened: who is in this conversation has changed too often since it was sealed. If you miss something, ask ${name} to send it again.`;
  return `Something came as from ${name} that could not be opened: it was changed on its way, or sealed for others. Ask ${name} to send it again.`;
}

/** People hear of what was set aside. `device`: whom it came as from, by the server's word. */
export function sayUnopened(context: Context, record: ConversationRecord, device: string, code: string): void {
  const { records, store } = context;
  // Nothing is lost by what was opened before.
  if (code === 'message_replayed') return;
  store.transaction(() => {
    noteOnce(context, record.id, unopenedWords(code, nameIn(record, device)));
    const group = records.group(record.id);
    if (REFUSED.has(code) && group) {
      records.save({ ...record, refusedIn: epochOf(group), ...refusalsAfter(record, device) });
    }
  });
}

/** The same for what cannot be read so far that it says what it is. */
export function sayUnreadable(context: Context, { from, body }: Unreadable): void {
  const ready = context.records.conversations().filter(({ state }) => state === 'ready');
  const named = namedConversation(body);
  const [alone] = ready
    .filter(({ members }) => members.some(({ device }) => device === from))
    .sort((a, b) => a.people.length - b.people.length);
  const record = ready.find(({ id }) => id === named) ?? alone;
  if (record) sayUnopened(context, record, from, 'message_malformed');
}

interface Unreadable {
  readonly from: string;
  readonly body: Uint8Array;
}

/** Shown among the messages, as nobody's. */
export function note({ records }: Context, conversation: string, at: number, text: string): void {
  records.addMessage({
    ...{ id: randomUUID(), conversation, mark: 'none', from: null, mine: false, at, text, attachments: [] },
    ...{ recipients: [], refused: null, seen: true },
  });
}

/** Of the newest that is shown, so far is looked whether something was said already. */
const SAID_BEFORE = 16;

/** Not again until somebody has spoken: whoever carries messages could otherwise fill a conversation with it. */
export function noteOnce(context: Context, conversation: string, text: string): void {
  const newest = context.store.history(conversation, null, SAID_BEFORE).map(context.records.opened);
  const said = newest.slice(newest.findLastIndex(({ from }) => from !== null) + 1);
  if (!said.some((one) => one.text === text)) note(context, conversation, context.now(), text);
}
