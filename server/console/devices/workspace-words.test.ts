import { expect, it } from 'vitest';
import { COMMAND_KINDS } from '../../../shared/protocol/command-kinds.ts';
import { effectSentence, withoutEffect } from './workspace-words.ts';

const [LOCK, UNLOCK, WIPE, MESSAGE] = ['lock-workspace', 'unlock-workspace', 'wipe-workspace', 'message'] as const;

it.each([
  ['open', null, 1, [UNLOCK]],
  // An earlier enrollment may have left the workspace locked or wiped, so an unlock stays possible.
  ['open', null, 2, []],
  ['open', 1, 2, [UNLOCK]],
  ['passcode', 1, 1, [UNLOCK]],
  ['locked', 1, 1, [LOCK]],
  ['wiped', 1, 1, [LOCK, WIPE, MESSAGE]],
] as const)('commands without effect: %s since %s, enrollment %i', (state, since, generation, expected) => {
  const found = COMMAND_KINDS.filter(
    (kind) => withoutEffect(kind, { workspace: { state, since }, generation }) !== null,
  );
  expect(found.sort()).toEqual([...expected].sort());
});

it.each([
  [LOCK, '3 of these devices are already locked or wiped. The command does not change these devices.'],
  [UNLOCK, '7 of these devices are not locked. The command does not change these devices.'],
  [WIPE, '1 of these devices is already wiped. The command does not change these devices.'],
  [
    MESSAGE,
    '1 of these devices is wiped. These devices cannot show messages. The command “Unlock workspace” gives a device a new, empty workspace.',
  ],
  ['restart-agent', null],
] as const)('the sentence for several devices: %s', (kind, expected) => {
  expect(effectSentence(kind, 10, { locked: 2, wiped: 1 })).toBe(expected);
  expect(effectSentence(kind, kind === UNLOCK ? 0 : 10, { locked: 0, wiped: 0 })).toBe(null);
});
