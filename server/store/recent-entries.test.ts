import { expect, it } from 'vitest';
import { RecentEntries } from './recent-entries.ts';

it('removes the entry that was used longest ago when it is full', () => {
  const entries = new RecentEntries<string, number>(2);
  entries.set('a', 1);
  entries.set('b', 2);
  expect(entries.get('a')).toBe(1);
  expect(entries.set('c', 3)).toBe(2);
  expect(['a', 'b', 'c'].map((key) => entries.get(key))).toEqual([1, undefined, 3]);
});

it('forgets a deleted entry', () => {
  const entries = new RecentEntries<string, number>(2);
  entries.set('a', 1);
  entries.set('b', 2);
  entries.delete('a');
  expect([entries.get('a'), entries.get('b')]).toEqual([undefined, 2]);
  entries.clear();
  expect(entries.get('b')).toBeUndefined();
});
