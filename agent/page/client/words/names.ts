/** Conversations and people by name. A name is anybody's words: where it stands in a sentence it is kept apart (UAX #9: FSI … PDI). */
import type { Conversation } from '../../api.ts';
import { WORDS } from './english.ts';

/** For a place that takes text alone: a title, a label, a number within a sentence. Elements use `Given`. */
export const apart = (name: string): string => `\u2068${name}\u2069`;

const list = new Intl.ListFormat('en-GB', { type: 'conjunction' });

export const namesOf = (people: Conversation['people']): readonly string[] => people.map(({ name }) => name);

/** As text alone. */
export function nameOf({ title, people }: Pick<Conversation, 'title' | 'people'>): string {
  if (title !== null) return apart(title);
  return people.length === 0 ? WORDS.list.nobodyElse : list.format(namesOf(people).map(apart));
}

/** One or two letters for a picture, in whatever script: `Ada Lovelace` → AL. Letters that would join (علیہ خان) are kept apart. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const spelt = words.filter((word) => /^\p{L}/u.test(word));
  const [first = words[0] ?? '', ...others] = spelt;
  return [first, ...others.slice(-1)].map(firstOf).join('\u200c');
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
function firstOf(word: string): string {
  const [first] = graphemes.segment(word);
  return first?.segment.toLocaleUpperCase() ?? '';
}

/** A file's name without what could turn it around: `gpj.exe` shall not read as `exe.jpg` (U+202E and its like). */
export const fileName = (name: string): string => name.replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069/\\]/gu, '_');
