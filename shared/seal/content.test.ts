import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../tests/support/code-of.ts';
import { encodeCanonical } from '../order/canonical.ts';
import { LARGEST_SEALED } from '../protocol/frames.ts';
import { type Content, decodeContent, encodeContent, LONGEST_TEXT, MOST_PEOPLE_STATEMENTS } from './content.ts';
import { pad, unpad } from './padding.ts';

const BUCKETS = [256, 1024, 4096, 16_384, 65_536, 126_976];
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const base64 = hash.map((bytes) => bytes.toBase64());
const words = (maxLength: number) =>
  fc.string({ unit: 'grapheme', minLength: 1, maxLength }).filter((text) => text.length <= maxLength);
const at = fc.nat();
const ledger = fc.option(fc.record({ size: fc.nat(), root: base64 }));
const attachment = fc.record({
  id: hash.map((bytes) => bytes.toBase64({ alphabet: 'base64url', omitPadding: true })),
  key: base64,
  sha256: hash.map((bytes) => bytes.toHex()),
  name: words(255),
  type: words(127),
  size: fc.nat({ max: 5 * 1024 * 1024 }),
});
const person = fc
  .array(fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz234567'), { minLength: 16, maxLength: 16 })
  .map((letters) => `per_${letters.join('')}`);
const content: fc.Arbitrary<Content> = fc.oneof(
  fc.record({
    type: fc.constant('text' as const),
    id: fc.uuid(),
    at,
    text: fc.oneof(words(5000), fc.constantFrom('', '\0'.repeat(LONGEST_TEXT), '猫'.repeat(LONGEST_TEXT))),
    attachments: fc.array(attachment, { maxLength: 16 }),
    after: fc.option(fc.record({ id: fc.uuid(), epoch: fc.nat() })),
    ledger,
  }),
  fc.record({
    type: fc.constant('receipt' as const),
    messages: fc.array(fc.uuid(), { minLength: 1, maxLength: 200 }),
    state: fc.constantFrom('delivered' as const, 'read' as const, 'missing' as const),
    ledger,
  }),
  fc.record({
    type: fc.constant('description' as const),
    at,
    title: fc.option(words(120)),
    people: fc.uniqueArray(fc.record({ person, at, belongs: fc.boolean() }), {
      minLength: 1,
      maxLength: MOST_PEOPLE_STATEMENTS,
      selector: (word) => word.person,
    }),
    ledger,
  }),
);

describe('padding', () => {
  it('has one form for each content, in the smallest size class', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
        const padded = pad(bytes, BUCKETS);
        expect(unpad(padded, BUCKETS)).toEqual(bytes);
        expect(padded.length).toBe(BUCKETS.find((size) => size > bytes.length));
      }),
    );
  });

  it('case 21: is refused in any other form', () => {
    const padded = pad(new Uint8Array(300).fill(1), BUCKETS);
    const unmarked = padded.slice();
    unmarked[300] = 0;
    for (const wrong of [
      padded.subarray(1),
      padded.subarray(0, 256),
      unmarked,
      new Uint8Array(0),
      new Uint8Array(256),
      // Padded to a larger size class than necessary.
      new Uint8Array(1024).fill(0x80, 0, 1),
    ]) {
      expect(unpad(wrong, BUCKETS)).toBeNull();
    }
    expect(codeOf(() => pad(new Uint8Array(126_976), BUCKETS))).toBe('too_large');
  });
});

describe('content', () => {
  it('is read as it was written, and fits the server’s limit', () => {
    fc.assert(
      fc.property(content, (said) => {
        const padded = encodeContent(said);
        expect(decodeContent(padded)).toEqual(said);
        expect(padded.length).toBeLessThan(LARGEST_SEALED - 1024);
      }),
    );
  });

  const text: Content = {
    type: 'text',
    id: crypto.randomUUID(),
    at: 1,
    text: 'x',
    attachments: [],
    after: null,
    ledger: null,
  };
  const word = { person: `per_${'a'.repeat(16)}`, at: 1, belongs: true };
  const about = { type: 'description', at: 1, title: null, people: [word], ledger: null };
  const padded = (value: unknown) => pad(encodeCanonical(value), BUCKETS);

  it('contains statements about a conversation', () => {
    expect(decodeContent(padded(about))).toEqual(about);
  });

  it.each([
    ['a kind of tomorrow', padded({ type: 'poll' }), 'content_unknown'],
    ['no kind', padded({}), 'content_malformed'],
    ['a kind that is no text', padded({ type: 1 }), 'content_malformed'],
    ['no object', padded([1]), 'content_malformed'],
    ['a field too many', padded({ ...text, html: 'x' }), 'content_malformed'],
    ['a text too long', padded({ ...text, text: 'x'.repeat(LONGEST_TEXT + 1) }), 'content_malformed'],
    ['two words on one person', padded({ ...about, people: [word, { ...word, belongs: false }] }), 'content_malformed'],
    ['a time of its own', padded({ ...text, at: -1 }), 'content_malformed'],
    ['another spelling', pad(new TextEncoder().encode(` ${JSON.stringify(text)}`), BUCKETS), 'content_malformed'],
    ['no UTF-8', pad(new Uint8Array([0xff]), BUCKETS), 'content_malformed'],
    ['no padding', encodeCanonical(text), 'content_malformed'],
  ])('is refused with %s', (_, bytes, code) => {
    expect(codeOf(() => decodeContent(bytes))).toBe(code);
  });

  it('is not written when it does not fit its format', () => {
    expect(codeOf(() => encodeContent({ ...text, text: 'x'.repeat(LONGEST_TEXT + 1) }))).toBe('content_malformed');
    expect(codeOf(() => encodeContent({ ...text, text: '\ud800' }))).toBe('content_malformed');
  });
});
