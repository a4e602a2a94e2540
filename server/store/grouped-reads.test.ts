import { expect, it } from 'vitest';
import { groupedReads } from './grouped-reads.ts';

function counting(most = 500) {
  const batches: number[][] = [];
  const read = groupedReads(
    async (keys: readonly number[]) => {
      batches.push([...keys]);
      if (keys.includes(13)) throw new Error('unlucky');
      return new Map(keys.filter((key) => key > 0).map((key) => [key, `v${key}`]));
    },
    { most },
  );
  return { batches, read };
}

it('asks once for what is asked for together, each key once', async () => {
  const { batches, read } = counting();
  expect(await Promise.all([1, 2, 1, -1].map(read))).toEqual(['v1', 'v2', 'v1', undefined]);
  expect(await read(1)).toBe('v1');
  expect(batches).toEqual([[1, 2, -1], [1]]);
});

it('begins another batch when one is full', async () => {
  const { batches, read } = counting(2);
  expect(await Promise.all([1, 2, 3].map(read))).toEqual(['v1', 'v2', 'v3']);
  expect(batches).toEqual([[1, 2], [3]]);
});

it('tells everyone of a batch that failed, and goes on', async () => {
  const { read } = counting();
  const told = await Promise.allSettled([1, 13].map(read));
  expect(told.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await read(1)).toBe('v1');
});
