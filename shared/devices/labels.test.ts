import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LONGEST_LABEL, labelSchema, normalizedLabel } from './labels.ts';

it.each([
  ['Kiosk', 'kiosk'],
  ['  Loan \t 2026 ', 'loan 2026'],
  ['Cafe\u0301', 'café'],
  ['نور', 'نور'],
  ['x'.repeat(LONGEST_LABEL), 'x'.repeat(LONGEST_LABEL)],
  ['😀'.repeat(LONGEST_LABEL), '😀'.repeat(LONGEST_LABEL)],
])('accepts %j as %j', (text, label) => expect(labelSchema.parse(text)).toBe(label));

it.each(['', ' \n ', 'x'.repeat(LONGEST_LABEL + 1), 'a\u202eb', 'a\u0000b', 'a\u200bb'])('refuses %j', (text) =>
  expect(labelSchema.safeParse(text).success).toBe(false),
);

it('has one form for equal labels', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
      expect(normalizedLabel(normalizedLabel(text))).toBe(normalizedLabel(text));
    }),
  );
});
