/** Whom or which conversation somebody means by what they typed: never a guess among several. */
import { CordonError } from '../../shared/errors.ts';
import type { ConversationView, FoundPerson } from './messaging.ts';

const folded = (text: string) => text.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toLowerCase();

/**
 * By number, title, or the one person it is with. Null for none; throws `invalid_input` for several. One that this device waits to be let in again to
 * may wait for ever: what is for its one person goes into another, and what is for its title waits in it only where there is no other.
 */
export function findConversation(all: readonly ConversationView[], whom: string): ConversationView | null {
  const wanted = folded(whom);
  const byId = all.find(({ id }) => id === whom.trim());
  if (byId) return byId;
  const withPerson = all.filter(
    ({ title, people, state }) =>
      state === 'ready' && title === null && people.length === 1 && people.some(({ person }) => person === whom.trim()),
  );
  if (withPerson[0]) return withPerson[0];
  const called = all.filter(({ state, title }) => state !== 'left' && title !== null && folded(title) === wanted);
  const ready = called.filter(({ state }) => state === 'ready');
  const titled = ready.length > 0 ? ready : called;
  const [one] = titled;
  if (titled.length > 1) {
    const numbers = titled.map(({ id }) => id).join(', ');
    throw new CordonError(
      'invalid_input',
      `Several conversations are called that; name one by its number: ${numbers}.`,
    );
  }
  if (one) return one;
  const [only, ...more] = all.filter(
    ({ title, people, state }) =>
      state === 'ready' && title === null && people.length === 1 && people.some(({ name }) => folded(name) === wanted),
  );
  return more.length === 0 ? (only ?? null) : null;
}

/**
 * Whether a conversation was found by the name of its one person. Another person may have the same name, so that the name alone does not
 * choose the conversation.
 */
export function foundByName({ id, title, people }: ConversationView, whom: string): boolean {
  const given = whom.trim();
  return title === null && id !== given && !people.some(({ person }) => person === given);
}

/** Throws `invalid_input` when several people have this name. */
export function requireOneOfName(found: readonly FoundPerson[], whom: string): void {
  const same = found.filter(({ name }) => folded(name) === folded(whom));
  if (same.length < 2) return;
  const names = same.map(distinguished).join('; ');
  throw new CordonError('invalid_input', `Several people have this name. Name one by the identifier: ${names}.`);
}

const distinguished = ({ person, name, email, groups }: FoundPerson): string =>
  `${name} (${[person, ...(email === null ? [] : [email]), ...groups].join(', ')})`;

/** Throws `person_unknown`, or `invalid_input` when several may be meant. */
export function findPerson(found: readonly FoundPerson[], whom: string): FoundPerson {
  const wanted = folded(whom);
  const exact = found.filter(({ name, person }) => folded(name) === wanted || person === whom.trim());
  const [one, ...more] = exact.length > 0 ? exact : found;
  if (!one) {
    throw new CordonError(
      'person_unknown',
      `Nobody of your organisation who can be written to is called ${JSON.stringify(whom)}.`,
    );
  }
  if (more.length > 0) {
    const names = [one, ...more].map(distinguished).join('; ');
    throw new CordonError('invalid_input', `Several people match. Name one by the identifier: ${names}.`);
  }
  return one;
}
