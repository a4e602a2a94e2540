import { expect, it } from 'vitest';
import { batched } from './batched.ts';

it('asks once for all that was asked in one turn, in bounded pieces, each key once', async () => {
  const questions: number[][] = [];
  const ask = batched(async (keys: readonly number[]) => {
    questions.push([...keys]);
    return new Map(keys.filter((key) => key !== 7).map((key) => [key, key * 2]));
  });
  const asked = [7, 7, ...Array.from({ length: 1198 }, (_, index) => index + 10)];
  const found = await Promise.all(asked.map(ask));
  expect(found).toEqual(asked.map((key) => (key === 7 ? undefined : key * 2)));
  expect(questions.map((keys) => keys.length)).toEqual([499, 500, 200]);
  expect(await ask(3)).toBe(6);
});

it('fails those who asked, and only those', async () => {
  let broken = true;
  const ask = batched(async (keys: readonly string[]) => {
    if (broken) throw new Error('gone');
    return new Map(keys.map((key) => [key, key]));
  });
  const results = await Promise.allSettled([ask('a'), ask('b')]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  broken = false;
  expect(await ask('a')).toBe('a');
});
