import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { codeOf } from '../../tests/support/code-of.ts';
import { canonicalText, decodeCanonical, encodeCanonical, parseDocument } from './canonical.ts';

const text = (value: string) => Buffer.from(value);

const string = fc.string({ unit: 'binary' });
const { json } = fc.letrec((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    string,
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(
      string.filter((key) => key !== '__proto__'),
      tie('json'),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
}));

describe('canonical JSON', () => {
  it('decodes to the encoded value, and has exactly one encoding', () => {
    fc.assert(
      fc.property(json, (value) => {
        const bytes = encodeCanonical(value);
        const back = decodeCanonical(bytes);
        // -0 is encoded as 0.
        expect(back).toEqual(JSON.parse(JSON.stringify(value)));
        expect(encodeCanonical(back)).toEqual(bytes);
      }),
    );
  });

  it('accepts only bytes that it would write itself', () => {
    fc.assert(
      fc.property(json, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, change) => {
        const bytes = encodeCanonical(value);
        bytes[at % bytes.length]! ^= change;
        let back: unknown;
        try {
          back = decodeCanonical(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: 'document_malformed' });
          return;
        }
        expect(encodeCanonical(back)).toEqual(bytes);
      }),
    );
  });

  it('refuses every other encoding of the same value', () => {
    fc.assert(
      fc.property(json, (value) => {
        const canonical = canonicalText(value);
        for (const other of [` ${canonical}`, `${canonical}\n`, JSON.stringify([value], null, 1)]) {
          expect(codeOf(() => decodeCanonical(text(other)))).toBe('document_malformed');
        }
      }),
    );
  });

  it.each([
    ['duplicate keys', '{"a":1,"a":2}'],
    ['duplicate keys with equal values', '{"a":1,"a":1}'],
    ['a key named __proto__', '{"__proto__":{"polluted":1}}'],
    ['a nested __proto__', '{"a":{"__proto__":1}}'],
    ['NaN', '{"a":NaN}'],
    ['Infinity', '[Infinity]'],
    ['a fraction', '{"a":1.5}'],
    ['an integer written as a fraction', '{"a":1.0}'],
    ['an exponent', '{"a":1e3}'],
    ['minus zero', '-0'],
    ['2^53', '{"a":9007199254740992}'],
    ['2^53 + 1, which rounds', '{"a":9007199254740993}'],
    ['beyond every double', '{"a":1e999}'],
    ['a leading zero', '[01]'],
    ['unsorted keys', '{"b":1,"a":2}'],
    ['an escape that nobody needs', '"\\u0061"'],
    ['an escaped lone surrogate', '"\\ud800"'],
    ['an escaped slash', '"a\\/b"'],
    ['a byte order mark', '\ufeff{}'],
    ['two values', '{}{}'],
    ['nothing', ''],
    ['deep nesting', `${'['.repeat(40)}${']'.repeat(40)}`],
    ['very deep nesting', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
  ])('case 26: %s is refused', (_name, written) => {
    expect(codeOf(() => decodeCanonical(text(written)))).toBe('document_malformed');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('case 26: bytes that are not UTF-8, overlong forms and encoded surrogates are refused', () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc0, 0x80, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0x22, 0xe2, 0x82, 0x22],
    ]) {
      expect(codeOf(() => decodeCanonical(Uint8Array.from(bytes)))).toBe('document_malformed');
    }
  });

  it.each([
    ['a fraction', 0.5],
    ['NaN', Number.NaN],
    ['undefined', { a: undefined }],
    ['a hole', new Array(1)],
    ['a function', () => 1],
    ['a bigint', 1n],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate in a key', { '\udc00': 1 }],
  ])('does not encode %s', (_name, value) => {
    expect(codeOf(() => encodeCanonical(value))).toBe('document_malformed');
  });

  it('sorts keys by code unit', () => {
    expect(canonicalText({ b: 1, a: 2, é: 3, B: 4, 10: 5, 9: 6 })).toBe('{"10":5,"9":6,"B":4,"a":2,"b":1,"é":3}');
  });

  it('case 27: an unknown field is refused, not skipped', () => {
    const schema = z.strictObject({ a: z.int() });
    expect(parseDocument(schema, text('{"a":1}'))).toEqual({ a: 1 });
    expect(codeOf(() => parseDocument(schema, text('{"a":1,"critical":true}')))).toBe('document_malformed');
  });
});
