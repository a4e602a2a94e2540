import { PASSCODE_WORDS_IN } from '../../../../shared/workspace/notice-words/passcode-words.ts';
import { NOTICE_WORDS } from '../words/notice-words.ts';

export const PASSCODE_WORDS = PASSCODE_WORDS_IN[NOTICE_WORDS.tag];
