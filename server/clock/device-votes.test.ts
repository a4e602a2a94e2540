import { expect, it } from 'vitest';
import { judgeVotes } from './device-votes.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

it.each<[string, number[], number | null]>([
  ['nobody says anything', [], null],
  ['two devices disagree: too few', [-2 * DAY, -2 * DAY], null],
  ['three devices agree with each other and not with the server', [-2 * DAY, -2 * DAY, -2 * DAY + 60_000], -2 * DAY],
  ['one of four is years off (59)', [-3000 * DAY, 0, 1_000, -2_000], null],
  ['half of four', [-2 * DAY, -2 * DAY, 0, 0], null],
  ['most are wrong, each in its own way (59)', [-2 * DAY, 5 * DAY, 300 * DAY, 0], null],
  ['all are within an hour', [40 * 60_000, 50 * 60_000, 45 * 60_000], null],
])('%s', (_name, ahead, expected) => {
  const { devices, ahead: judged } = judgeVotes(ahead);
  expect(devices).toBe(ahead.length);
  if (expected === null) expect(judged).toBeNull();
  else expect(judged).toBeCloseTo(expected, -6);
});
