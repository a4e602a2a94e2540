import { noticeWordsIn } from '../../../../shared/order/notice-words/languages.ts';

export const NOTICE_WORDS = noticeWordsIn(navigator.languages);

export const inReadersLanguage = { lang: NOTICE_WORDS.tag, dir: NOTICE_WORDS.direction } as const;
