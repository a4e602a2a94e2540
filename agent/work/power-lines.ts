import { powerWordsIn } from '../../shared/power/power-words.ts';
import type { PowerNotice } from './power-notice.ts';

/** Sentences about a restart or shutdown whose countdown runs, in the user's language. The first one is the title. */
export function powerLines(notice: PowerNotice, languages: readonly string[]): readonly [string, ...string[]] {
  const words = powerWordsIn(languages);
  const { title, text, now } = words[notice.kind];
  const at = new Date(notice.startsAt);
  const time = `${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}`;
  const delay = notice.delayed
    ? words.last
    : `${words.delay.replace('{minutes}', String(notice.minutes))}: cordon-agent power --delay`;
  return [title, text, words.start.replace('{time}', time), words.save, `${now}: cordon-agent power --now`, delay];
}
