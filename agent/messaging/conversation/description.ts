import { MOST_RECIPIENTS } from '../../../shared/protocol/frames.ts';
import { type Content, MOST_PEOPLE_STATEMENTS } from '../../../shared/seal/content.ts';
import type { LedgerTree } from '../members/ledger-watch.ts';
import type { Member } from '../members/member.ts';
import type { ConversationRecord, PersonName } from './records.ts';

type About = Extract<Content, { type: 'description' }>;

export function descriptionOf(record: ConversationRecord, ledger: LedgerTree | null): Content {
  const { title, titleAt, people, membershipStatements, continues, excludedDevices } = record;
  const present = people.map(({ person }) => ({
    person,
    ...(membershipStatements[person] ?? { at: 0, belongs: true }),
  }));
  const gone = Object.entries(membershipStatements).flatMap(([person, statement]) =>
    statement.belongs ? [] : [{ person, ...statement }],
  );
  return {
    type: 'description',
    at: titleAt,
    title,
    ledger,
    // A recipient does not change the membership of people whom the description leaves out.
    people: [...present, ...gone].slice(0, MOST_PEOPLE_STATEMENTS),
    ...(continues === undefined
      ? {}
      : { continues: { conversation: continues, excludedDevices: [...(excludedDevices ?? [])] } }),
  };
}

/**
 * Applies a description (a member's statement of title and people) to the conversation's record, and returns the notes for the user. Of
 * several statements about the title or one person, the newest wins.
 */
export function describedBy(
  record: ConversationRecord,
  from: Member,
  { at, title, people: statements }: About,
  own: PersonName,
): { readonly next: ConversationRecord; readonly notes: readonly string[] } {
  const isIn = (person: string) => record.people.some((one) => one.person === person);
  const newer = statements.filter(
    ({ person, at: stated }) => stated > (record.membershipStatements[person]?.at ?? (isIn(person) ? 0 : -1)),
  );
  const nameOf = (person: string): string =>
    [...record.people, ...record.members].find((one) => one.person === person)?.name ?? '';
  const gone = record.people.filter(({ person }) => newer.some((one) => one.person === person && !one.belongs));
  const added = newer
    .filter(({ person, belongs }) => belongs && !isIn(person))
    .map(({ person }) => ({ person, name: nameOf(person) }));
  const isNewTitle = at > record.titleAt;
  const notes = [
    // The first title belongs to the start of the conversation, so it causes no note about a change.
    ...(isNewTitle && record.titleAt > 0 && title !== record.title
      ? [title === null ? `${from.name} removed the title.` : `${from.name} changed the title to “${title}”.`]
      : []),
    ...added.flatMap(({ name }) => (name === '' ? [] : [`${from.name} added ${name}.`])),
    ...gone.map(({ person, name }) =>
      person === from.person ? `${name} left.` : `${from.name} reported that ${name} left.`,
    ),
  ];
  const membershipStatements = newestOf({
    ...record.membershipStatements,
    ...Object.fromEntries(newer.map(({ person, ...statement }) => [person, statement])),
  });
  const next: ConversationRecord = {
    ...record,
    ...(isNewTitle ? { titleAt: at, title } : {}),
    people: [...record.people.filter((one) => !gone.includes(one)), ...added].slice(0, MOST_RECIPIENTS),
    membershipStatements,
    ...(membershipStatements[own.person]?.belongs === false ? departure(record, statements, own) : {}),
    // After people were added or removed, a group check is due: the MLS group must contain the devices of exactly these people.
    checkedAt: gone.length + added.length > 0 ? 0 : record.checkedAt,
  };
  return { next, notes };
}

/** Another member may have added the user again before it knew of the user's departure. This device then sends the departure again. */
function departure(
  { members }: ConversationRecord,
  statements: About['people'],
  own: PersonName,
): Pick<ConversationRecord, 'state' | 'members' | 'descriptionDue'> {
  const isKnown = statements.some(({ person, belongs }) => person === own.person && !belongs);
  return isKnown
    ? { state: 'left', members: [], descriptionDue: false }
    : { state: 'left', members, descriptionDue: true };
}

/** Without this limit, a member could fill the record with statements about any number of people. */
const newestOf = (statements: ConversationRecord['membershipStatements']): ConversationRecord['membershipStatements'] =>
  Object.fromEntries(
    Object.entries(statements)
      .sort(([, a], [, b]) => b.at - a.at)
      .slice(0, MOST_PEOPLE_STATEMENTS),
  );
