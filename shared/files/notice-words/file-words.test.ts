import { expect, it } from 'vitest';
import { FILE_WORDS } from './file-words.ts';

it.each(Object.entries(FILE_WORDS))('the texts in %s are complete, and each differs from English', (tag, words) => {
  expect(words.removed).toContain('{name}');
  expect(words.reason).toContain('{reason}');
  const texts = Object.values(words);
  expect(texts.filter((text) => text.trim() === '')).toEqual([]);
  if (tag === 'en') return;
  expect(texts.filter((text) => Object.values(FILE_WORDS.en).includes(text))).toEqual([]);
});
