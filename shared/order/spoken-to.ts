/** Choice of an order text's language: the reader's first available language, then English, then any language. Pure. */
import type { OrderTerms } from './documents.ts';

export interface Spoken {
  /** Language tag (BCP 47). */
  readonly tag: string;
  readonly text: string;
}

/** Text for users of devices, by language: the order's notice, or the public statement where a language lacks a notice. */
export const toldTo = ({
  statement,
  notice,
}: Pick<OrderTerms, 'statement' | 'notice'>): Readonly<Record<string, string>> => ({
  ...statement,
  ...notice,
});

/** `languages`: the reader's languages as a browser lists them, best first. Null when the order has no text. */
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
