/** Names of conversations and people. Unicode isolates (UAX #9: FSI … PDI) separate the direction of a name from the sentence around it. */
import type { Conversation } from '../../api.ts';
import { WORDS } from './english.ts';

/** Name with Unicode isolates, for plain text such as a title. In JSX, use the component `Given` instead. */
export const isolated = (name: string): string => `\u2068${name}\u2069`;

const list = new Intl.ListFormat('en-GB', { type: 'conjunction' });

export const namesOf = (people: Conversation['people']): readonly string[] => people.map(({ name }) => name);

export function nameOf({ title, people }: Pick<Conversation, 'title' | 'people'>): string {
  if (title !== null) return isolated(title);
  return people.length === 0 ? WORDS.list.nobodyElse : list.format(namesOf(people).map(isolated));
}

/**
 * Initials in any script: `Ada Lovelace` → AL. In scripts whose letters connect, a zero-width non-joiner (U+200C) keeps the initials apart
 * (علیہ خان).
 */
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

/** File name without direction controls: `gpj.exe` must not appear as `exe.jpg` (U+202E). */
export const fileName = (name: string): string => name.replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069/\\]/gu, '_');
