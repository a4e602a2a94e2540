/** What is said about a conversation itself: who calls it what, who came, who went. */
import { randomUUID } from 'node:crypto';
import type { Content } from '../../shared/seal/content.ts';
import { epochOf } from '../../shared/seal/conversation.ts';
import type { Context } from './context.ts';
import type { Member } from './membership.ts';
import type { ConversationRecord, Named } from './records.ts';

type About = Extract<Content, { type: 'about' }>;

/** The conversation after somebody's word on title and people, and what to show of it. */
export function aboutSaid(
  record: ConversationRecord,
  from: Member,
  { at, title, people: said }: About,
  own: Named,
): { readonly next: ConversationRecord; readonly words: readonly string[] } {
  const known = (person: string): Named | undefined =>
    [...record.people, ...record.members].find((one) => one.person === person);
  const people = said.map((person) => ({ person, name: known(person)?.name ?? '' }));
  const gone = record.people.filter(({ person }) => !said.includes(person));
  const came = people.filter(({ person }) => !record.people.some((one) => one.person === person));
  const left = gone.some(({ person }) => person === own.person);
  const words = [
    // The first word of all is how it began, not a change.
    ...(record.aboutAt > 0 && title !== record.title
      ? [title === null ? `${from.name} took the title away.` : `${from.name} called it “${title}”.`]
      : []),
    ...came.flatMap(({ name }) => (name === '' ? [] : [`${from.name} brought in ${name}.`])),
    ...gone.map(({ person, name }) => (person === from.person ? `${name} left.` : `${from.name} put out ${name}.`)),
  ];
  const next: ConversationRecord = {
    ...record,
    ...{ aboutAt: at, title, people },
    ...(left ? { state: 'left', members: [] } : {}),
    // Devices may have to come or go.
    checkedAt: gone.length + came.length > 0 ? 0 : record.checkedAt,
  };
  return { next, words };
}

/** After these nobody who is honest goes on: the server has let one commit take the epoch, and it is not to be followed. */
const REFUSED: ReadonlySet<string> = new Set(['ghost_member', 'commit_refused']);

/** People hear of what was set aside, once for what follows on each other. `device`: whom it came as from, by the server's word. */
export function sayUnopened(context: Context, record: ConversationRecord, device: string, code: string): void {
  const { records, store } = context;
  // Nothing is lost by what was opened before.
  if (code === 'message_replayed') return;
  const name = record.members.find((member) => member.device === device)?.name ?? 'somebody';
  const text = REFUSED.has(code)
    ? `A change of who is in this conversation came as from ${name}, and is not allowed: it was refused. Nobody can come or go here any more. Begin another conversation if somebody has to.`
    : `Something came as from ${name} that could not be opened: it was changed on its way, or sealed for others. Ask ${name} to send it again.`;
  store.transaction(() => {
    const [last] = store.history(record.id, null, 1);
    if (!last || records.opened(last).text !== text) note(context, record.id, context.now(), text);
    const group = records.group(record.id);
    if (REFUSED.has(code) && group) records.save({ ...record, refusedIn: epochOf(group) });
  });
}

/** Shown among the messages, as nobody's. */
export function note({ records }: Context, conversation: string, at: number, text: string): void {
  records.addMessage({
    ...{ id: randomUUID(), conversation, mark: 'none', from: null, mine: false, at, text, attachments: [] },
    ...{ recipients: [], refused: null, seen: true },
  });
}
