import { expect, it } from 'vitest';
import { isRepetition, READ_SUBJECTS, READING_WINDOW, retryTime } from './reading-limit.ts';

const NOW = 1_800_000_000_000;
/** Readings of this number of subjects, one millisecond apart, from the oldest that counts. */
const readings = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ subject: `dev_${at}`, at: NOW - READING_WINDOW + 1 + at }));

it.each([
  ['no reading', [], 'dev_9', null],
  ['one reading less than the limit', readings(READ_SUBJECTS - 1), 'dev_9', null],
  ['the limit', readings(READ_SUBJECTS), 'dev_9', NOW + 1],
  ['a subject that counts already', readings(READ_SUBJECTS), 'dev_0', null],
  ['a subject twice', [...readings(READ_SUBJECTS - 1), { subject: 'dev_0', at: NOW }], 'dev_9', null],
  ['the oldest subject again', [...readings(READ_SUBJECTS), { subject: 'dev_0', at: NOW }], 'dev_9', NOW + 2],
  ['a reading before the window', [{ subject: 'dev_8', at: NOW - READING_WINDOW }, ...readings(4)], 'dev_9', null],
])('limits the subjects after %s', (_, earlier, subject, retryAt) => {
  expect(retryTime(earlier, subject, NOW)).toBe(retryAt);
});

it('recognizes a repetition within the window', () => {
  expect(isRepetition(readings(1), 'dev_0', NOW)).toBe(true);
  expect(isRepetition(readings(1), 'dev_0', NOW + 1)).toBe(false);
  expect(isRepetition(readings(1), 'dev_1', NOW)).toBe(false);
});
