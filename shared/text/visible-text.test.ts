import { describe, expect, it } from 'vitest';
import { oneLine, plain, plainJson, uselessCharacter, visible } from './visible-text.ts';

/** Name, character, whether a proposal with it is refused. */
const HIDDEN: readonly [string, string, boolean][] = [
  ['escape', '\u001b', true],
  ['C1 control', '\u009b', true],
  ['Arabic letter mark', '\u061c', false],
  ['left-to-right mark', '\u200e', false],
  ['right-to-left mark', '\u200f', false],
  ['zero-width space', '\u200b', true],
  ['word joiner', '\u2060', true],
  ['invisible times', '\u2062', true],
  ['line separator', '\u2028', true],
  ['paragraph separator', '\u2029', true],
  ['left-to-right embedding', '\u202a', true],
  ['right-to-left override', '\u202e', true],
  ['pop directional formatting', '\u202c', true],
  ['left-to-right isolate', '\u2066', true],
  ['pop directional isolate', '\u2069', true],
  ['deprecated digit shaping', '\u206e', true],
  ['byte order mark', '\ufeff', true],
  ['interlinear annotation anchor', '\ufff9', true],
  ['interlinear annotation terminator', '\ufffb', true],
  ['Hangul filler', '\u3164', true],
  ['Mongolian vowel separator', '\u180e', true],
  ['tag letter a', '\u{e0061}', true],
  ['cancel tag', '\u{e007f}', true],
  ['half of a surrogate pair', '\ud800', true],
];

describe('case 51: hidden characters', () => {
  it.each(HIDDEN)('%s is shown as a replacement character', (_, character, refused) => {
    const text = `not${character}allowed`;
    expect([oneLine(text), plain(text), visible(text)]).toEqual(Array(3).fill('not\ufffdallowed'));
    expect(plainJson([text])).not.toContain(character);
    expect(JSON.parse(plainJson([text]))).toEqual([text]);
    expect(uselessCharacter(text) !== null).toBe(refused);
  });

  it.each([
    ['plain words', 'Service ends on 30 November.'],
    ['accents and other scripts', 'Łódź, 東京, Ελλάδα, Россия'],
    ['Urdu', 'سروس 30 نومبر 2015 کو بند ہو جائے گی'],
    ['Persian with a zero-width non-joiner', 'می\u200cشود'],
    ['Hindi with a zero-width joiner', 'क्\u200dष'],
    ['an emoji sequence', '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}\ufe0f'],
    ['a soft hyphen from a word processor', 'exam\u00adple'],
  ])('%s stays as it is, and may be proposed', (_, text) => {
    expect([oneLine(text), visible(text), uselessCharacter(text)]).toEqual([text, text, null]);
  });
});

it('isolates right-to-left text in one line, and leaves a paragraph to its element', () => {
  expect(plain('حکم')).toBe('\u2068حکم\u2069');
  expect(plain('Café, 東京')).toBe('Café, 東京');
  expect(visible('حکم\nدوم')).toBe('حکم\nدوم');
  expect(oneLine('a\r\nb\tc')).toBe('a b c');
});

it.each([
  ['closed', '\u2068a\u2069', '\u2068a\u2069'],
  ['nested', '\u2068a\u2068b\u2069\u2069', '\u2068a\u2068b\u2069\u2069'],
  ['never closed', 'a\u2068b', 'a\ufffdb'],
  ['closed twice', '\u2068a\u2069\u2069', '\u2068a\u2069\ufffd'],
])('an isolate that is %s', (_, given, shown) => {
  expect(visible(given)).toBe(shown);
});

it('names the character that a proposal may not have', () => {
  expect(uselessCharacter('a\u202eb')).toBe('U+202E');
  expect(uselessCharacter('a\u{e0041}b')).toBe('U+E0041');
  expect(uselessCharacter('two\r\nlines\tand a tab')).toBeNull();
});
