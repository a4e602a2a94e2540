/** In which language a person reads an order: the first of theirs that it has, then English, then what it has. Pure. */
import type { OrderTerms } from './documents.ts';

export interface Spoken {
  /** BCP 47. */
  readonly tag: string;
  readonly text: string;
}

/** What people on devices are told, by language: the order's notice, and where it has none in a language, the public statement. */
export const toldTo = ({
  statement,
  notice,
}: Pick<OrderTerms, 'statement' | 'notice'>): Readonly<Record<string, string>> => ({
  ...statement,
  ...notice,
});

/** `languages`: the reader's, best first, as a browser knows them. Null when the order says nothing at all. */
export function spokenTo(languages: readonly string[], statement: Readonly<Record<string, string>>): Spoken | null {
  const tags = Object.keys(statement);
  const named = (wanted: string) => tags.find((tag) => tag.toLowerCase() === wanted.toLowerCase());
  const related = (wanted: string) => tags.find((tag) => primary(tag) === primary(wanted));
  for (const language of [...languages, 'en']) {
    const tag = named(language) ?? related(language);
    if (tag !== undefined) return { tag, text: statement[tag] ?? '' };
  }
  const [first] = tags;
  return first === undefined ? null : { tag: first, text: statement[first] ?? '' };
}

const primary = (tag: string): string => (tag.split('-')[0] ?? tag).toLowerCase();
