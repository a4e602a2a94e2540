import { expect, it } from 'vitest';
import { createBandwidth } from './bandwidth.ts';

it('spreads downloads over time, and refuses what would wait too long', () => {
  const bandwidth = createBandwidth(1000);
  expect([0, 0, 0].map((now) => bandwidth.reserve(5000, now))).toEqual([0, 5000, 10_000]);
  expect(() => bandwidth.reserve(1, 0)).toThrow(
    expect.objectContaining({ code: 'unavailable', context: { retryAfter: 15 } }),
  );
  expect(bandwidth.reserve(1000, 14_000)).toBe(1000);
  expect(bandwidth.reserve(1000, 60_000)).toBe(0);
});

it('does not limit anything at 0', () => {
  const bandwidth = createBandwidth(0);
  expect([1e9, 1e9].map((bytes) => bandwidth.reserve(bytes, 0))).toEqual([0, 0]);
});
