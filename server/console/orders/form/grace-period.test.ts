import { expect, it } from 'vitest';
import { duration } from '../../../../shared/order/documents.ts';
import { graceOf, graceText } from './grace-period.ts';

it.each([
  ['PT0S', 0, 'days', 'PT0S'],
  ['P7D', 7, 'days', 'P7D'],
  ['PT48H', 2, 'days', 'P2D'],
  ['PT36H', 36, 'hours', 'PT36H'],
  ['P1DT12H', 36, 'hours', 'PT36H'],
  ['PT90M', 90, 'minutes', 'PT90M'],
  ['PT30S', 1, 'minutes', 'PT1M'],
])('%s', (iso, amount, unit, text) => {
  expect(graceOf(iso)).toEqual({ amount, unit });
  expect(graceText(graceOf(iso))).toBe(text);
  expect(duration.parse(text)).toBe(text);
});
