import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SHADES, shadeOf, shadeRanges } from './shades.ts';

it.each([
  [0, 40, 0],
  [1, 1, SHADES],
  [1, 10_000, 1],
  [10_000, 10_000, SHADES],
  [100, 10_000, 3],
])('gives a count of %i, with a largest count of %i, the shade %i', (devices, most, shade) =>
  expect(shadeOf(devices, most)).toBe(shade),
);

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

it('gives the legend a range of counts for each shade, without gaps', () => {
  expect(shadeRanges(1)).toEqual([{ shade: SHADES, from: 1, to: null }]);
  expect(shadeRanges(10_000).map(({ from, to }) => [from, to])).toEqual([
    [1, 5],
    [6, 38],
    [39, 250],
    [251, 1584],
    [1585, null],
  ]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), (most) => {
      const ranges = shadeRanges(most);
      for (const [index, { shade, from, to }] of ranges.entries()) {
        expect(shadeOf(from, most)).toBe(shade);
        expect(shadeOf(to ?? most, most)).toBe(shade);
        expect(shadeOf(from - 1, most)).toBeLessThan(shade);
        expect(to).toBe(index === ranges.length - 1 ? null : (ranges[index + 1]?.from ?? 0) - 1);
      }
      expect(ranges.at(-1)?.shade).toBe(SHADES);
    }),
    { examples: [[99_999]] },
  );
});
