/** What stands around an order, in the language of whoever reads this page. */
import { noticeWordsIn } from '../../../../shared/order/notice-words/notice-words.ts';

export const NOTICE_WORDS = noticeWordsIn(navigator.languages);

/** For whatever element holds such words. */
export const inReadersLanguage = { lang: NOTICE_WORDS.tag, dir: NOTICE_WORDS.direction } as const;
