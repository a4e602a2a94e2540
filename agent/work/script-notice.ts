import { scriptWordsIn } from '../../shared/scripts/notice-words/script-words.ts';
import type { ScriptRecord } from './script-record.ts';

/** Notice on the desktop that a script has ended. */
export function scriptNotice(
  { name, version, purpose, reviewers, outcome }: ScriptRecord,
  languages: readonly string[],
): { readonly title: string; readonly body: string } {
  const words = scriptWordsIn(languages);
  const lines = [
    `${name} (${words.version(version)}): ${words.outcome[outcome]}`,
    purpose,
    words.reviewedBy(reviewers.join(', ')),
  ];
  return { title: words.title, body: lines.join('\n') };
}
