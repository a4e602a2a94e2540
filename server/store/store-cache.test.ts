import { expect, it } from 'vitest';
import { StoreCache } from './store-cache.ts';

it('has no value for a key while a write of the key is unfinished', async () => {
  const cache = new StoreCache<string, number>(10);
  cache.add('a', 1, cache.revision);
  const commit = Promise.withResolvers<void>();
  const written = cache.write('a', 2, () => commit.promise);
  cache.add('a', 1, cache.revision);
  expect(cache.get('a')).toBeUndefined();
  commit.resolve();
  await written;
  expect(cache.get('a')).toBe(2);
});

it('ignores a value that was read before a write ended', async () => {
  const cache = new StoreCache<string, number>(10);
  const before = cache.revision;
  await cache.write('a', 2, async () => undefined);
  cache.add('a', 1, before);
  expect(cache.get('a')).toBe(2);
  const during = cache.revision;
  cache.clear();
  cache.add('a', 1, during);
  expect(cache.get('a')).toBeUndefined();
});

it('keeps no value after a failed commit until the next commit succeeds', async () => {
  const cache = new StoreCache<string, number>(10);
  const lost = new Error('the connection ended during the commit');
  await expect(cache.write('a', 2, () => Promise.reject(lost))).rejects.toThrow(lost);
  cache.add('a', 1, cache.revision);
  expect(cache.get('a')).toBeUndefined();
  await cache.write('a', 3, async () => undefined);
  expect(cache.get('a')).toBe(3);
});

it('keeps the value of the last write only after all writes of the key have ended', async () => {
  const cache = new StoreCache<string, number>(10);
  const first = Promise.withResolvers<void>();
  const one = cache.write('a', 1, () => first.promise);
  await cache.write('a', 2, async () => undefined);
  expect(cache.get('a')).toBeUndefined();
  first.resolve();
  await one;
  expect(cache.get('a')).toBe(1);
});
