import { expect, it } from 'vitest';
import { TERMS } from '../../../tests/support/signed-documents.ts';
import { extendWords } from './extend-words.ts';

const HOUR = 3_600_000;
const EFFECTIVE = Date.parse(TERMS.effective);

it.each([
  ['before its effective time', 'active', null, -1, /^Services do not change before the new effective time\.$/],
  ['active', 'active', null, 0, /makes the order inactive until that time/],
  [
    'paused by one approval',
    'paused',
    EFFECTIVE + 72 * HOUR,
    HOUR,
    /one approval until 4 Dec 2015, 00:00 \(Asia\/Karachi, [^)]+\)\. .* stays paused until two approvers resume it/,
  ],
  [
    'paused without a time limit',
    'paused',
    null,
    HOUR,
    /^The order is paused\. The order stays paused after the new effective time/,
  ],
  ['after a pause has expired', 'paused', EFFECTIVE + 72 * HOUR, 72 * HOUR, /makes the order inactive until that time/],
] as const)('describes the effect of new dates on an order: %s', (_, status, pausedUntil, after, words) => {
  expect(extendWords({ status, pausedUntil, terms: TERMS }, EFFECTIVE + after)).toMatch(words);
});
