import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lineDifference } from './line-difference.ts';

const side = (kind: 'added' | 'removed', lines: ReturnType<typeof lineDifference>) =>
  lines
    .filter((line) => line.kind === 'same' || line.kind === kind)
    .map(({ text }) => text)
    .join('\n');

it('keeps common lines and shows the others as removed and added', () => {
  expect(lineDifference('a\nb\nc', 'a\nx\nc\nd').map(({ kind, text }) => `${kind} ${text}`)).toEqual([
    'same a',
    'removed b',
    'added x',
    'same c',
    'added d',
  ]);
});

it('contains both texts completely, in their order', () => {
  const text = fc
    .array(fc.constantFrom('', 'a', 'b', 'c'), { minLength: 1, maxLength: 12 })
    .map((lines) => lines.join('\n'));
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = lineDifference(before, after);
      expect([side('removed', lines), side('added', lines)]).toEqual([before, after]);
      expect(lines.every(({ kind }) => kind === 'same')).toBe(before === after);
    }),
  );
});

it('a comparison of very long texts ends at once', () => {
  const long = (seed: number) => Array.from({ length: 30_000 }, (_, line) => String(line * seed)).join('\n');
  const [before, after] = [long(3), long(7)];
  const lines = lineDifference(before, after);
  expect([side('removed', lines), side('added', lines)]).toEqual([before, after]);
});
