import { expect, it } from 'vitest';
import { POWER_WORDS_IN, type PowerWords } from './power-words.ts';

const textsOf = ({ start, save, delay, last, ...kinds }: PowerWords): string[] => [
  ...[start, save, delay, last],
  ...Object.values(kinds).flatMap(({ title, text, now }) => [title, text, now]),
];

it.each(Object.entries(POWER_WORDS_IN))(
  'the texts in %s are complete, and each differs from English and from the others',
  (tag, words) => {
    expect(words.start).toContain('{time}');
    expect(words.delay).toContain('{minutes}');
    const texts = textsOf(words);
    expect(texts.filter((text) => text.trim() === '')).toEqual([]);
    expect(new Set(texts).size).toBe(10);
    if (tag === 'en') return;
    expect(texts.filter((text) => textsOf(POWER_WORDS_IN.en).includes(text))).toEqual([]);
  },
);
