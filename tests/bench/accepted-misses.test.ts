import { expect, it } from 'vitest';
import { outcomeOf } from './accepted-misses.ts';

const entry = { bound: 0.4, since: '2026-11-27', reason: 'a reason' };

it.each([
  ['a budget that holds', { holds: true, ratio: 0.9 }, 'more', undefined, 'holds'],
  ['a miss without an entry', { holds: false, ratio: 0.5 }, 'more', undefined, 'missed'],
  ['a miss within its entry, more is better', { holds: false, ratio: 0.5 }, 'more', entry, 'accepted'],
  ['a miss beyond its entry, more is better', { holds: false, ratio: 0.39 }, 'more', entry, 'missed'],
  ['a miss within its entry, less is better', { holds: false, ratio: 0.3 }, 'less', entry, 'accepted'],
  ['a miss beyond its entry, less is better', { holds: false, ratio: 0.5 }, 'less', entry, 'missed'],
  ['a value without a floor', { holds: false, ratio: null, value: 0.5 }, 'less', entry, 'missed'],
] as const)('%s', (_name, result, better, accepted, outcome) => {
  expect(outcomeOf({ value: 0, ...result }, better, accepted)).toBe(outcome);
});
