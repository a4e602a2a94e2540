import type { LostMode } from '../../shared/lost-mode/lost-mode.ts';
import { lostWordsIn } from '../../shared/lost-mode/lost-words.ts';
import { dateTimeIn, noticeWordsIn } from '../../shared/order/notice-words/languages.ts';
import { plain } from '../../shared/text/visible-text.ts';

/** Sentences about lost mode in the user's language. The first one is the title. */
export function lostLines(mode: LostMode, languages: readonly string[]): readonly [string, ...string[]] {
  const words = lostWordsIn(languages);
  // A function, because `$` in the text of an admin has a meaning in a replacement string.
  const filled = (text: string, name: string, value: string) => text.replace(`{${name}}`, () => value);
  return [
    words.title,
    words.text,
    filled(words.reason, 'reason', plain(mode.reason)),
    filled(words.contact, 'contact', plain(mode.contact)),
    filled(words.until, 'time', dateTimeIn(noticeWordsIn(languages), mode.until)),
    `${words.end}: cordon-agent lost-mode --end`,
  ];
}
