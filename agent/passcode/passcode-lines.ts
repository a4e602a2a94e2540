import type { PasscodeWords } from '../../shared/workspace/notice-words/passcode-text.ts';
import { ruleText, withNumbers } from '../../shared/workspace/notice-words/passcode-words.ts';
import type { PasscodeView } from './passcode-work.ts';

/** Output of `cordon-agent passcode`. */
export function passcodeLines(view: PasscodeView, words: PasscodeWords): string[] {
  const { workspace, isSet, required, isLongEnough, remaining } = view;
  const rule = required === null ? [] : [ruleText(words, required)];
  if (workspace === 'locked' || workspace === 'wiped') return [words.unavailable, ...rule];
  if (!isSet) return [...(required === null ? [words.notRequired] : [words.mustSet, ...rule])];
  const state = workspace === 'passcode' ? (remaining === 0 ? words.closed : words.waits) : words.isOpen;
  return [
    state,
    ...(workspace === 'passcode' && remaining > 0 ? [withNumbers(words.remaining, { count: remaining })] : []),
    ...(isLongEnough ? [] : [words.tooShort]),
    ...rule,
    ...(required === null ? [words.mayRemove] : []),
  ];
}
