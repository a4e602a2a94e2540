import { expect, it } from 'vitest';
import { LOST_WORDS_IN } from './lost-words.ts';

it.each(Object.entries(LOST_WORDS_IN))(
  'the texts in %s are complete, and each differs from English and from the others',
  (tag, words) => {
    expect(words.reason).toContain('{reason}');
    expect(words.contact).toContain('{contact}');
    expect(words.until).toContain('{time}');
    const texts = Object.values(words);
    expect(texts.filter((text) => text.trim() === '')).toEqual([]);
    expect(new Set(texts).size).toBe(7);
    if (tag === 'en') return;
    expect(texts.filter((text) => Object.values(LOST_WORDS_IN.en).includes(text))).toEqual([]);
  },
);
