import { expect, it } from 'vitest';
import { PASSCODE_WORDS_IN, ruleText, withNumbers } from './passcode-words.ts';

it.each(Object.entries(PASSCODE_WORDS_IN))(
  'the texts in %s are complete, and differ from the English ones',
  (tag, words) => {
    const texts = Object.values(words);
    expect(texts.filter((text) => text.trim() === '')).toEqual([]);
    expect(new Set(texts).size).toBe(texts.length);
    const rule = ruleText(words, { minimumLength: 8, autoLockMinutes: 15, attempts: 5 });
    expect(rule).toMatch(/8.*15.*5/);
    expect(`${rule}${withNumbers(words.remaining, { count: 3 })}`).not.toMatch(/[{}]/);
    expect(texts.filter((text) => /[{}]/.test(text))).toHaveLength(2);
    if (tag === 'en') return;
    expect(texts.filter((text) => Object.values(PASSCODE_WORDS_IN.en).includes(text))).toEqual([]);
  },
);
