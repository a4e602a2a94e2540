/** Texts about the passcode of the workspace on the device, in the languages of notices. */
import { noticeWordsIn } from '../../order/notice-words/languages.ts';
import type { NoticeLanguage } from '../../order/notice-words/notice-words.ts';
import { LATIN_PASSCODE_WORDS } from './latin-passcode-words.ts';
import { OTHER_PASSCODE_WORDS } from './other-passcode-words.ts';
import type { PasscodeWords } from './passcode-text.ts';

export const PASSCODE_WORDS_IN: Readonly<Record<NoticeLanguage, PasscodeWords>> = {
  ...LATIN_PASSCODE_WORDS,
  ...OTHER_PASSCODE_WORDS,
};

/** Texts in the best language for the reader. `languages`: BCP 47 tags, most preferred first. */
export const passcodeWordsIn = (languages: readonly string[]): PasscodeWords =>
  PASSCODE_WORDS_IN[noticeWordsIn(languages).tag];

/** Replaces the placeholders of a text by numbers. */
export const withNumbers = (text: string, numbers: Readonly<Record<string, number>>): string =>
  Object.entries(numbers).reduce((filled, [name, number]) => filled.replace(`{${name}}`, String(number)), text);

export const ruleText = (
  words: PasscodeWords,
  rule: { readonly minimumLength: number; readonly autoLockMinutes: number; readonly attempts: number },
): string =>
  withNumbers(words.rule, {
    length: rule.minimumLength,
    minutes: rule.autoLockMinutes,
    attempts: rule.attempts,
  });
