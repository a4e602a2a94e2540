/** Texts of the mail pages in each language of the page. A language without all texts does not compile. */
import type { NoticeLanguage } from '../../../../../shared/order/notice-words/notice-words.ts';
import { ARABIC } from './arabic.ts';
import { BENGALI } from './bengali.ts';
import { CHINESE } from './chinese.ts';
import { ENGLISH } from './english.ts';
import { FRENCH } from './french.ts';
import { GERMAN } from './german.ts';
import { HINDI } from './hindi.ts';
import { INDONESIAN } from './indonesian.ts';
import { KAZAKH } from './kazakh.ts';
import type { MailWords } from './mail-texts.ts';
import { PERSIAN } from './persian.ts';
import { PORTUGUESE } from './portuguese.ts';
import { RUSSIAN } from './russian.ts';
import { SPANISH } from './spanish.ts';
import { TURKISH } from './turkish.ts';
import { URDU } from './urdu.ts';

export const MAIL_WORDS_IN: Readonly<Record<NoticeLanguage, MailWords>> = {
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
