import { expect, it } from 'vitest';
import { inputValue, instantOf, utcTime } from './utc-time.ts';

it.each([
  ['2026-11-29T12:00', '2026-11-29T12:00:00.000Z'],
  ['2026-11-29T12:00:05', '2026-11-29T12:00:05.000Z'],
  ['2026-11-29T12:00:05.250', '2026-11-29T12:00:05.250Z'],
])('reads the value %s of an input as UTC, and writes it again', (value, timestamp) => {
  expect(instantOf(value)).toBe(timestamp);
  expect(inputValue(timestamp)).toBe(value);
});

it.each(['', '2026-11-29', '2026-13-29T12:00', 'noon'])('an incomplete value “%s” is no instant', (value) => {
  expect(instantOf(value)).toBeUndefined();
});

it('names the time zone', () => {
  expect(utcTime('2026-11-29T12:00:00.000Z')).toBe('29 Nov 2026, 12:00 UTC');
  expect(utcTime(Date.UTC(2026, 0, 2, 3, 4))).toBe('2 Jan 2026, 03:04 UTC');
});
