/** Texts about the passcode of the workspace on the device, in the languages of notices. */
import { noticeWordsIn } from '../order/notice-words/languages.ts';
import type { NoticeLanguage } from '../order/notice-words/notice-words.ts';
import { LATIN_PASSCODE_TEXTS } from './latin-passcode-texts.ts';
import { OTHER_PASSCODE_TEXTS } from './other-passcode-texts.ts';

/** `{length}`, `{minutes}`, `{attempts}` and `{count}` stand for numbers. */
export interface PasscodeWords {
  readonly title: string;
  readonly mustSet: string;
  readonly why: string;
  readonly rule: string;
  readonly passcode: string;
  readonly current: string;
  readonly next: string;
  readonly repeat: string;
  readonly different: string;
  readonly set: string;
  readonly waits: string;
  readonly waitsText: string;
  readonly enter: string;
  readonly wrong: string;
  readonly remaining: string;
  readonly closed: string;
  readonly isOpen: string;
  readonly tooShort: string;
  readonly change: string;
  readonly lock: string;
  readonly remove: string;
  readonly mayRemove: string;
  readonly notRequired: string;
  readonly unavailable: string;
  readonly forgotten: string;
  readonly privacy: string;
}

export const PASSCODE_WORDS_IN: Readonly<Record<NoticeLanguage, PasscodeWords>> = {
  ...LATIN_PASSCODE_TEXTS,
  ...OTHER_PASSCODE_TEXTS,
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
