import { expect, it } from 'vitest';
import { ownName } from './own-name.ts';

it('a language has its own name', () => {
  expect(ownName('ur')).toBe('اردو');
  expect(ownName('not a tag')).toBe('not a tag');
});
