import { expect, it } from 'vitest';
import { TERMS } from '../../../tests/support/signed-documents.ts';
import { extendWords } from './extend-words.ts';

const HOUR = 3_600_000;
const EFFECTIVE = Date.parse(TERMS.effective);

it.each([
  ['before its time', 'active', null, -1, /^Until the new time, service goes on as it does now\.$/],
  ['in force', 'active', null, 0, /takes it out of force until then/],
  [
    'held by one person',
    'held',
    EFFECTIVE + 72 * HOUR,
    HOUR,
    /alone, until 4 Dec 2015, 00:00 \(Asia\/Karachi, [^)]+\)\. .* does not lapse then: it lasts, .* until it is released/,
  ],
  ['held until released', 'held', null, HOUR, /^It is on hold, and stays so, also past the new time/],
  ['when a hold has lapsed', 'held', EFFECTIVE + 72 * HOUR, 72 * HOUR, /takes it out of force until then/],
] as const)('says what another date does to an order: %s', (_, status, heldUntil, after, words) => {
  expect(extendWords({ status, heldUntil, terms: TERMS }, EFFECTIVE + after)).toMatch(words);
});
