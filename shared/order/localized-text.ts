/**
 * Choice of the language of an order's text: the first of the reader's languages in which the text exists, otherwise English, otherwise any
 * language.
 */
import type { OrderTerms } from './documents.ts';

export interface LocalizedText {
  readonly tag: string;
  readonly text: string;
}

/**
 * Text that devices show to their users, by language: the notice of an order, or the order's public statement in a language without a
 * notice.
 */
export const textsForUsers = ({
  statement,
  notice,
}: Pick<OrderTerms, 'statement' | 'notice'>): Readonly<Record<string, string>> => ({
  ...statement,
  ...notice,
});

/**
 * Text of an order in the best language for a reader; null if the order has no text. `languages` lists the reader's languages, best first,
 * as browsers do.
 */
export function localizedText(
  languages: readonly string[],
  statement: Readonly<Record<string, string>>,
): LocalizedText | null {
  const tags = Object.keys(statement);
  const tagOf = (wanted: string) => tags.find((tag) => tag.toLowerCase() === wanted.toLowerCase());
  const related = (wanted: string) => tags.find((tag) => primary(tag) === primary(wanted));
  for (const language of [...languages, 'en']) {
    const tag = tagOf(language) ?? related(language);
    if (tag !== undefined) return { tag, text: statement[tag] ?? '' };
  }
  const [first] = tags;
  return first === undefined ? null : { tag: first, text: statement[first] ?? '' };
}

const primary = (tag: string): string => (tag.split('-')[0] ?? tag).toLowerCase();
