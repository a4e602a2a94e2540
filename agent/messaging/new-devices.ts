/**
 * Tells the user that a known person has a new device in a conversation. The notice commits with the conversation's new state: nothing can be
 * sealed for the device before the notice is on this device.
 */
import { type Context, peopleOf } from './context.ts';
import type { Member } from './membership.ts';
import type { ConversationRecord } from './records.ts';
import { note } from './sayings.ts';

/** Enrolments of one person that are remembered in one conversation. */
const MOST_KNOWN = 32;

type Known = NonNullable<ConversationRecord['known']>;
type Before = Pick<ConversationRecord, 'known' | 'members'>;

const enrolmentOf = ({ device, generation }: Member): string => `${device} ${generation}`;

/**
 * Adds the notices, and returns what is known from now on. To be called inside the transaction that saves the state with these members.
 * `before`: null for a conversation that this device begins or enters.
 */
export function noticeNewDevices(
  context: Context,
  conversation: string,
  before: Before | null,
  members: readonly Member[],
): Known {
  const known = before === null ? {} : knownIn(before);
  const elsewhere = before === null || members.some(({ person }) => !known[person]) ? knownElsewhere(context) : {};
  const own = context.own().person;
  const next: Record<string, readonly string[]> = {};
  for (const { person } of peopleOf(members)) {
    const theirs = members.filter((member) => member.person === person);
    const seen = known[person] ?? elsewhere[person] ?? [];
    const fresh = seen.length === 0 ? [] : theirs.filter((member) => !seen.includes(enrolmentOf(member)));
    for (const member of fresh.filter(({ device }) => device !== context.device)) {
      tell(context, conversation, member, { isOwn: person === own, isAgain: wasSeen(seen, member) });
    }
    next[person] = [...new Set([...seen, ...theirs.map(enrolmentOf)])].slice(-MOST_KNOWN);
  }
  // A person whose last device went is known when another one comes.
  return { ...known, ...next };
}

const wasSeen = (seen: readonly string[], { device }: Member): boolean =>
  seen.some((enrolment) => enrolment.startsWith(`${device} `));

/** A record of an earlier version has its members only. */
const knownIn = ({ known, members }: Before): Known => known ?? byPerson(members);

function byPerson(members: readonly Member[]): Known {
  return Object.fromEntries(
    [...Map.groupBy(members, ({ person }) => person)].map(([person, theirs]) => [person, theirs.map(enrolmentOf)]),
  );
}

function knownElsewhere({ records }: Context): Known {
  const all: Record<string, readonly string[]> = {};
  for (const record of records.conversations()) {
    for (const [person, enrolments] of Object.entries(knownIn(record))) {
      all[person] = [...new Set([...(all[person] ?? []), ...enrolments])];
    }
  }
  return all;
}

function tell(
  context: Context,
  conversation: string,
  { name, group }: Member,
  { isOwn, isAgain }: { readonly isOwn: boolean; readonly isAgain: boolean },
): void {
  const where = group ? ` (group ${group})` : '';
  const what = isAgain ? 'was enrolled again and added' : 'was added';
  const words = isOwn
    ? `A new device of yours${where} ${what}. It can read new messages of this conversation. If you did not enroll it, tell your administrator.`
    : `A new device of ${name}${where} ${what}. It can read new messages of this conversation. If you did not expect it, ask ${name} in another way.`;
  note(context, conversation, context.now(), words);
  context.announce(conversation, words);
}
