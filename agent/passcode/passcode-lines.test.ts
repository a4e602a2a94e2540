import { expect, it } from 'vitest';
import { PASSCODE_WORDS_IN } from '../../shared/workspace/notice-words/passcode-words.ts';
import { passcodeLines } from './passcode-lines.ts';

const words = PASSCODE_WORDS_IN.en;
const required = { minimumLength: 8, autoLockMinutes: 15, attempts: 10 };
const VIEW = { workspace: 'open', isSet: true, required, isLongEnough: true, remaining: 10 } as const;
const RULE =
  'Minimum length: 8 characters. Automatic lock without input after 15 min. Wrong passcodes until only an admin can help: 10.';

it.each([
  ['open', {}, [words.isOpen, RULE]],
  ['missing', { isSet: false }, [words.mustSet, RULE]],
  ['not required', { isSet: false, required: null }, [words.notRequired]],
  ['not required any more', { required: null }, [words.isOpen, words.mayRemove]],
  ['too short', { isLongEnough: false }, [words.isOpen, words.tooShort, RULE]],
  ['waiting', { workspace: 'passcode', remaining: 2 }, [words.waits, 'Remaining attempts: 2.', RULE]],
  ['closed', { workspace: 'passcode', remaining: 0 }, [words.closed, RULE]],
  ['locked by an admin', { workspace: 'locked' }, [words.unavailable, RULE]],
] as const)('a passcode that is %s', (_case, change, expected) => {
  expect(passcodeLines({ ...VIEW, ...change }, words)).toEqual(expected);
});
