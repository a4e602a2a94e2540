/** Selection of the reader's language, and sentences of notices in this language. */
import { areaNameIn, listedIn } from '../../areas/area-words.ts';
import type { Reason, Service } from '../../verdict/terms.ts';
import { languageNameIn } from '../language-name.ts';
import { ARABIC } from './arabic.ts';
import { BENGALI } from './bengali.ts';
import { CHINESE } from './chinese.ts';
import { ENGLISH } from './english.ts';
import { FRENCH } from './french.ts';
import { GERMAN } from './german.ts';
import { HINDI } from './hindi.ts';
import { INDONESIAN } from './indonesian.ts';
import { KAZAKH } from './kazakh.ts';
import type { NoticeLanguage, NoticeWords } from './notice-words.ts';
import { PERSIAN } from './persian.ts';
import { PORTUGUESE } from './portuguese.ts';
import { RUSSIAN } from './russian.ts';
import { SPANISH } from './spanish.ts';
import { TURKISH } from './turkish.ts';
import { URDU } from './urdu.ts';

const ALL: Readonly<Record<NoticeLanguage, NoticeWords>> = {
  ar: ARABIC,
  bn: BENGALI,
  de: GERMAN,
  en: ENGLISH,
  es: SPANISH,
  fa: PERSIAN,
  fr: FRENCH,
  hi: HINDI,
  id: INDONESIAN,
  kk: KAZAKH,
  pt: PORTUGUESE,
  ru: RUSSIAN,
  tr: TURKISH,
  ur: URDU,
  zh: CHINESE,
};

/**
 * Sentence that says whether an order's text in the language `tag` is authoritative. The sentence is in this language if Cordon supports
 * the language, otherwise in the reader's language. Null if the order states no authoritative language.
 */
export function authorityIn(
  tag: string,
  authoritative: string | null | undefined,
  languages: readonly string[] = [],
): { readonly words: NoticeWords; readonly text: string } | null {
  if (authoritative == null) return null;
  const words = noticeWordsIn([tag, ...languages]);
  const text = isOfLanguage(tag, authoritative)
    ? words.authoritative
    : words.translation(languageNameIn(words.tag, authoritative));
  return { words, text };
}

/** True if two tags mean the same language. `pt` and `pt-BR` do; `zh-Hans` and `zh-Hant` do not. */
function isOfLanguage(one: string, other: string): boolean {
  const [shorter, longer] = [one.toLowerCase(), other.toLowerCase()].sort((a, b) => a.length - b.length);
  return longer === shorter || (longer ?? '').startsWith(`${shorter}-`);
}

const primary = (tag: string): string => tag.replace(/-.*$/, '').toLowerCase();

/**
 * Texts in the best language for the reader; English if Cordon supports none of the reader's languages. `languages` is sorted by
 * preference, best first.
 */
export function noticeWordsIn(languages: readonly string[]): NoticeWords {
  for (const language of languages) {
    const found = Object.values(ALL).find(({ tag }) => tag === primary(language));
    if (found) return found;
  }
  return ENGLISH;
}

export const areasIn = ({ tag }: NoticeWords, areas: readonly string[]): string =>
  listedIn(
    areas.map((area) => areaNameIn(area, tag)),
    tag,
  );

export const servicesIn = ({ tag, service }: NoticeWords, services: readonly Service[]): string =>
  listedIn(
    services.map((one) => service[one]),
    tag,
  );

/**
 * Sentences about the reasons for which an order denies or allows services on a device. `areas`: names of the order's areas; null if
 * unknown. `decision`: decision that the reasons led to. A contested or unknown location leads to either, by the order's own rule.
 */
export function reasonsIn(
  words: NoticeWords,
  reasons: readonly Reason[],
  areas: readonly string[] | null,
  decision: 'denied' | 'allowed',
): string {
  const areaText = areas ? areasIn(words, areas) : words.theArea;
  const sentences = decision === 'allowed' ? { ...words.reasons, ...words.allowedReasons } : words.reasons;
  return reasons.map((reason) => sentences[reason](areaText)).join(' ');
}

export function dateTimeIn({ tag }: NoticeWords, instant: number, zone?: string): string {
  // English dates name the month, because 1/12 is a day in January to one reader and in December to another.
  const language = tag === 'en' ? 'en-GB' : tag;
  const form = { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' } as const;
  const named = zone === undefined ? {} : ({ timeZone: zone, timeZoneName: 'short' } as const);
  return new Intl.DateTimeFormat(language, { ...form, ...named }).format(instant);
}
