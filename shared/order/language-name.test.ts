import { expect, it } from 'vitest';
import { nativeLanguageName } from './language-name.ts';

it('a language has its own name', () => {
  expect(nativeLanguageName('ur')).toBe('اردو');
  expect(nativeLanguageName('not a tag')).toBe('not a tag');
});
