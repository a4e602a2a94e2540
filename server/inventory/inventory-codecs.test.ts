/** Compact forms of version ids and device numbers, and the splitting of JSON files. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHUNK, chunkOf, decodePositions, encodePositions, positionOf } from './device-chunk.ts';
import { DeviceSet } from './device-set.ts';
import { jsonElements } from './json-elements.ts';
import { decodeIds, encodeIds } from './version-ids.ts';

const numbers = (max: number, maxLength: number) => fc.uniqueArray(fc.integer({ min: 1, max }), { maxLength });

it('version ids survive their compact form', () => {
  fc.assert(
    fc.property(numbers(2 ** 45, 300), (ids) => {
      const sorted = ids.toSorted((a, b) => a - b);
      expect(decodeIds(encodeIds(sorted))).toEqual(sorted);
    }),
  );
});

it('device numbers of a chunk survive as a list and as a bitmap', () => {
  for (const count of [0, 1, 255, 256, 4096]) {
    const positions = new Set(Array.from({ length: count }, (_, index) => index));
    const bytes = encodePositions(positions);
    expect(bytes.length).toBe(count < 256 ? count * 2 : 512);
    expect(decodePositions(bytes)).toEqual(positions);
  }
});

it('a set of devices counts, pages and intersects like a set of numbers', () => {
  fc.assert(
    fc.property(numbers(3 * CHUNK, 600), numbers(3 * CHUNK, 600), fc.nat({ max: 3 * CHUNK }), (left, right, after) => {
      const chunks = Map.groupBy(left, chunkOf);
      const set = new DeviceSet();
      for (const [chunk, some] of chunks) set.addChunk(chunk, encodePositions(new Set(some.map(positionOf))));
      const other = new DeviceSet();
      for (const number of right) other.add(number);
      const both = left.filter((number) => right.includes(number));
      expect([set.size, set.countWithin(other), set.within(other).size]).toEqual([
        left.length,
        both.length,
        both.length,
      ]);
      const sorted = left.toSorted((a, b) => a - b);
      expect(set.numbers(after, 20)).toEqual(sorted.filter((number) => number > after).slice(0, 20));
      other.addAll(set);
      expect(other.size).toBe(new Set([...left, ...right]).size);
    }),
    { numRuns: 30 },
  );
});

describe('the elements of a JSON file', () => {
  it('are those of JSON.parse', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.constantFrom(0, 2), (values, indent) => {
        const text = JSON.stringify(values, null, indent);
        expect([...jsonElements(Buffer.from(text))].map((each) => JSON.parse(each))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('may be one object', () => {
    expect([...jsonElements(Buffer.from('\ufeff {"a": [1]}'))]).toEqual(['{"a": [1]}']);
  });

  it.each(['[1', '[{"a": "]', '[1] 2', '[[1]'])('are refused in %s', (text) => {
    expect(() => [...jsonElements(Buffer.from(text))]).toThrow(/not a JSON array/);
  });
});
