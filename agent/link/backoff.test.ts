import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoff, parseRetryAfter } from './backoff.ts';

it('waits a random time below a ceiling that doubles up to five minutes', () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.nat(1000), random, (attempt, share) => {
      const wait = backoff(attempt, share);
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThanOrEqual(Math.min(300_000, 1_000 * 2 ** attempt));
    }),
  );
  expect(backoff(0, 0)).toBe(0);
  expect(backoff(3, 0.5)).toBe(4_000);
});

it('waits at least the Retry-After, with jitter on top', () => {
  expect(backoff(0, 0, 60_000)).toBe(60_000);
  expect(backoff(0, 0.5, 60_000)).toBe(67_500);
});

it.each([
  [undefined, null],
  ['120', 120_000],
  ['Thu, 01 Jan 1970 00:02:00 GMT', 60_000],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['99999999', 86_400_000],
  ['soon', null],
])('reads Retry-After %j as %j', (value, wait) => {
  expect(parseRetryAfter(value, 60_000)).toBe(wait);
});
