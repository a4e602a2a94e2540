import { describe, expect, it } from 'vitest';
import { createBatcher } from './batcher.ts';

const doubles = (asked: number[][]) => async (keys: readonly number[]) => {
  asked.push([...keys]);
  return new Map(keys.filter((key) => key > 0).map((key) => [key, key * 2]));
};

describe('createBatcher', () => {
  it('makes one request for all keys of a turn, each key once, and returns undefined for missing keys', async () => {
    const asked: number[][] = [];
    const double = createBatcher(doubles(asked));
    expect(await Promise.all([1, 2, 1, 0].map(double))).toEqual([2, 4, 2, undefined]);
    expect(await double(1)).toBe(2);
    expect(asked).toEqual([[1, 2, 0], [1]]);
  });

  it('limits the number of keys in one request', async () => {
    const asked: number[][] = [];
    const double = createBatcher(doubles(asked), { most: 2 });
    expect(await Promise.all([1, 2, 3].map(double))).toEqual([2, 4, 6]);
    expect(asked).toEqual([[1, 2], [3]]);
  });

  it('waits for more keys if a delay is set', async () => {
    const asked: number[][] = [];
    const double = createBatcher(doubles(asked), { delay: 20 });
    const first = double(1);
    await new Promise(setImmediate);
    await Promise.all([first, double(2)]);
    expect(asked).toEqual([[1, 2]]);
  });

  it('rejects all keys of a failed request, and makes a new request afterward', async () => {
    let fails = true;
    const ask = async (keys: readonly number[]) => {
      if (fails) throw new Error('the store is closed');
      return new Map(keys.map((key) => [key, key]));
    };
    const read = createBatcher(ask);
    const results = await Promise.allSettled([read(1), read(2)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    fails = false;
    expect(await read(1)).toBe(1);
  });
});
