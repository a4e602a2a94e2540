import { expect, it } from 'vitest';
import { countdown } from './countdown.ts';

const SECOND = 1_000;
const DAY = 86_400 * SECOND;

it.each([
  [0, '00:00:00'],
  [-5 * SECOND, '00:00:00'],
  // The countdown rounds up: it reads zero when the time has come, not before.
  [1, '00:00:01'],
  [SECOND, '00:00:01'],
  [59 * SECOND + 1, '00:01:00'],
  [DAY - SECOND, '23:59:59'],
  [DAY, '1 day 00:00:00'],
  [3 * DAY + 4 * 3_600_000 + 12 * 60_000 + 9_000, '3 days 04:12:09'],
])('%d', (left, text) => {
  expect(countdown(left)).toBe(text);
});
