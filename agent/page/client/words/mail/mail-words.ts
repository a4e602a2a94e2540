/** Texts of the mail pages in the reader's language, in which the page also shows texts about orders. */
import { NOTICE_WORDS } from '../notice-words.ts';
import { MAIL_WORDS_IN } from './languages.ts';

export const MAIL_WORDS = MAIL_WORDS_IN[NOTICE_WORDS.tag];
