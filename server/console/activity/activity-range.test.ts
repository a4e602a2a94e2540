import { expect, it } from 'vitest';
import { rangeOf } from './activity-range.ts';

// 12:00 on the day after Europe's clocks go back, in the zone of this machine.
const now = new Date(2026, 9, 26, 12).getTime();

it.each([
  ['all', {}],
  ['today', { from: new Date(2026, 9, 26).getTime() }],
  ['yesterday', { from: new Date(2026, 9, 25).getTime(), to: new Date(2026, 9, 26).getTime() }],
  ['week', { from: new Date(2026, 9, 20).getTime() }],
] as const)('%s', (range, expected) => {
  expect(rangeOf(range, now)).toEqual(expected);
});
