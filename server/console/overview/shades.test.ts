import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SHADES, shadeBounds, shadeOf } from './shades.ts';

it.each([
  [0, 40, 0],
  [1, 1, SHADES],
  [1, 10_000, 1],
  [10_000, 10_000, SHADES],
  [100, 10_000, 3],
])('shades %i of at most %i as %i', (devices, most, shade) => expect(shadeOf(devices, most)).toBe(shade));

it('never gives more devices a lighter shade, and shows every device', () => {
  const counts = fc.integer({ min: 1, max: 1_000_000 });
  fc.assert(
    fc.property(counts, counts, counts, (a, b, more) => {
      const [few, many] = [Math.min(a, b), Math.max(a, b)];
      const most = many + more;
      expect(shadeOf(few, most)).toBeGreaterThanOrEqual(1);
      expect(shadeOf(few, most)).toBeLessThanOrEqual(shadeOf(many, most));
      expect(shadeOf(most, most)).toBe(SHADES);
    }),
  );
});

it('gives the legend the first count of each shade', () => {
  expect(shadeBounds(1)).toEqual([{ shade: SHADES, from: 1 }]);
  expect(shadeBounds(10_000).map(({ from }) => from)).toEqual([1, 6, 39, 251, 1585]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), (most) => {
      const bounds = shadeBounds(most);
      for (const { shade, from } of bounds) {
        expect(shadeOf(from, most)).toBe(shade);
        expect(shadeOf(from - 1, most)).toBeLessThan(shade);
      }
      expect(bounds.at(-1)?.shade).toBe(SHADES);
    }),
  );
});
