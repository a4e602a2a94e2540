import { expect, it } from 'vitest';
import { newCommandId } from '../../shared/protocol/ids.ts';
import { decide, delayedNotice, type PowerNotice } from './power-notice.ts';

const MINUTE = 60_000;
const EXPIRES = 60 * MINUTE;
const NOTICE: PowerNotice = {
  command: newCommandId(),
  kind: 'restart-device',
  minutes: 10,
  startsAt: 10 * MINUTE,
  delayed: false,
  boot: 'first',
};

it.each([
  ['a new command', null, 'first', 0, true, 'begin'],
  ['a new command outside its window', null, 'first', 0, false, 'wait'],
  ['an expired command', null, 'first', EXPIRES, false, 'due'],
  ['a running countdown', NOTICE, 'first', 10 * MINUTE - 1, true, 'wait'],
  ['the end of the countdown', NOTICE, 'first', 10 * MINUTE, true, 'due'],
  ['a countdown that ended while the machine was asleep', NOTICE, 'first', 20 * MINUTE + 1, true, 'begin'],
  ['such a countdown after the expiry', NOTICE, 'first', EXPIRES, true, 'due'],
  [
    'a countdown that lasts longer than the expiry',
    { ...NOTICE, startsAt: EXPIRES + 1 },
    'first',
    EXPIRES,
    true,
    'wait',
  ],
  ['a machine that has started again', NOTICE, 'second', 1, true, 'due'],
] as const)('%s', (_, notice, boot, now, open, expected) => {
  expect(decide({ expires: EXPIRES, open }, notice, boot, now)).toBe(expected);
});

it('can be delayed once, by the length of the countdown, until it has ended', () => {
  const once = delayedNotice(NOTICE, 9 * MINUTE);
  expect(once).toMatchObject({ startsAt: 20 * MINUTE, delayed: true });
  expect(once && delayedNotice(once, 9 * MINUTE)).toBeNull();
  expect(delayedNotice(NOTICE, 10 * MINUTE)).toBeNull();
});
