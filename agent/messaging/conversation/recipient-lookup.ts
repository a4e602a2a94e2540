/** Lookup of recipients by the text that the user typed. An ambiguous text is an error: the agent never guesses. */
import { CordonError } from '../../../shared/errors.ts';
import type { ConversationView, FoundPerson } from '../messaging.ts';

const foldCase = (text: string) => text.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toLowerCase();

/**
 * Finds a conversation by identifier, by title, or by its only other person. Null if none matches; throws `invalid_input` if several match.
 * A conversation that this device waits to rejoin may never become usable, so it is never found by person, and by title only if no other
 * conversation has that title.
 */
export function findConversation(all: readonly ConversationView[], recipient: string): ConversationView | null {
  const wanted = foldCase(recipient);
  const byId = all.find(({ id }) => id === recipient.trim());
  if (byId) return byId;
  const withPerson = all.filter(
    ({ title, people, state }) =>
      state === 'ready' &&
      title === null &&
      people.length === 1 &&
      people.some(({ person }) => person === recipient.trim()),
  );
  if (withPerson[0]) return withPerson[0];
  const called = all.filter(({ state, title }) => state !== 'left' && title !== null && foldCase(title) === wanted);
  const ready = called.filter(({ state }) => state === 'ready');
  const titled = ready.length > 0 ? ready : called;
  const [one] = titled;
  if (titled.length > 1) {
    const numbers = titled.map(({ id }) => id).join(', ');
    throw new CordonError(
      'invalid_input',
      `Several conversations have this title. Name one by its identifier: ${numbers}.`,
    );
  }
  if (one) return one;
  const [only, ...more] = all.filter(
    ({ title, people, state }) =>
      state === 'ready' &&
      title === null &&
      people.length === 1 &&
      people.some(({ name }) => foldCase(name) === wanted),
  );
  return more.length === 0 ? (only ?? null) : null;
}

/**
 * True if the typed text matched only the name of the conversation's other person. The user may have meant another person with that name.
 */
export function foundByName({ id, title, people }: ConversationView, recipient: string): boolean {
  const given = recipient.trim();
  return title === null && id !== given && !people.some(({ person }) => person === given);
}

/** Throws `invalid_input` if several of the people have the name that the user typed. */
export function requireOneOfName(found: readonly FoundPerson[], recipient: string): void {
  const same = found.filter(({ name }) => foldCase(name) === foldCase(recipient));
  if (same.length < 2) return;
  const names = same.map(distinguished).join('; ');
  throw new CordonError('invalid_input', `Several people have this name. Name one by the identifier: ${names}.`);
}

const distinguished = ({ person, name, email, groups }: FoundPerson): string =>
  `${name} (${[person, ...(email === null ? [] : [email]), ...groups].join(', ')})`;

/** Throws `person_unknown` if nobody matches the typed text, and `invalid_input` if several people match. */
export function findPerson(found: readonly FoundPerson[], recipient: string): FoundPerson {
  const wanted = foldCase(recipient);
  const exact = found.filter(({ name, person }) => foldCase(name) === wanted || person === recipient.trim());
  const [one, ...more] = exact.length > 0 ? exact : found;
  if (!one) {
    throw new CordonError(
      'person_unknown',
      `Your organization has no person ${JSON.stringify(recipient)} who can receive messages. Find people with \`cordon-agent people\`.`,
    );
  }
  if (more.length > 0) {
    const names = [one, ...more].map(distinguished).join('; ');
    throw new CordonError('invalid_input', `Several people match. Name one by the identifier: ${names}.`);
  }
  return one;
}
