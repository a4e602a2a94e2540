import { expect, it } from 'vitest';
import { UPDATE_WORDS_IN } from './update-words.ts';

it.each(Object.entries(UPDATE_WORDS_IN))(
  'the texts in %s are complete, and each differs from English',
  (tag, words) => {
    expect(words.start).toContain('{time}');
    expect(words.delay).toContain('{hours}');
    const texts = Object.values(words);
    expect(texts.filter((text) => text.trim() === '')).toEqual([]);
    if (tag === 'en') return;
    expect(texts.filter((text) => Object.values(UPDATE_WORDS_IN.en).includes(text))).toEqual([]);
  },
);
