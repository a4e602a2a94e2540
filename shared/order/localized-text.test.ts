import { describe, expect, it } from 'vitest';
import { localizedText, textsForUsers } from './localized-text.ts';

const BOTH = { en: 'Service ends.', ur: 'سروس بند ہو جائے گی۔' };

describe('the language in which an order is read', () => {
  it.each<[string, readonly string[], Readonly<Record<string, string>>, string | null]>([
    ['the first of the reader’s', ['ur', 'en'], BOTH, 'ur'],
    ['a relative of it', ['ur-PK', 'en-GB'], BOTH, 'ur'],
    ['the exact tag before a relative', ['zh-Hant'], { 'zh-Hans': '1', 'zh-hant': '2' }, 'zh-hant'],
    ['the next one that it has', ['ar', 'de-AT', 'ur'], { ...BOTH, de: 'Dienst endet.' }, 'de'],
    ['English when it has none of them', ['fr'], { ur: BOTH.ur, 'en-GB': BOTH.en }, 'en-GB'],
    ['what there is when there is no English', ['fr'], { ur: BOTH.ur }, 'ur'],
    ['nothing when it says nothing', ['fr'], {}, null],
  ])('is %s', (_name, languages, statement, tag) => {
    expect(localizedText(languages, statement)?.tag ?? null).toBe(tag);
  });

  it('prefers the notice to the public statement', () => {
    const terms = { statement: BOTH, notice: { ur: 'آپ کے لیے' } };
    expect(localizedText(['ur-PK'], textsForUsers(terms))?.text).toBe('آپ کے لیے');
    expect(localizedText(['fr'], textsForUsers(terms))?.text).toBe(BOTH.en);
    expect(textsForUsers({ statement: BOTH })).toEqual(BOTH);
  });
});
