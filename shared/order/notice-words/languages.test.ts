import '../../areas/register-part-names.ts';
import { describe, expect, it } from 'vitest';
import { expandAreas, parseEvidenceArea, parseScopeArea } from '../../areas/area-code.ts';
import { evaluate } from '../../verdict/evaluate.ts';
import { emptyLocation, observeAll } from '../../verdict/locate.ts';
import { type OrderRule, REASONS } from '../../verdict/terms.ts';
import { areasIn, authorityIn, dateTimeIn, noticeWordsIn, reasonsIn, servicesIn } from './languages.ts';
import type { NoticeWords } from './notice-words.ts';

const ORDER: OrderRule = {
  order: '2026-001',
  revision: 1,
  services: new Set(['messaging']),
  areas: expandAreas([parseScopeArea('PK')]),
  nexus: new Set(['present']),
  effective: 0,
  until: null,
  pausedUntil: null,
  withdrawn: false,
  unknown: 'allow',
  contested: 'allow',
  stale: 'keep',
  visitors: 0,
  travelers: 'allow',
  waiting: 'hold',
  disputed: new Map(),
};
/** Location of a device that is in Pakistan or in India. */
const AT_BORDER = observeAll(emptyLocation(), [
  { source: 'statement', areas: ['PK', 'IN'].map(parseEvidenceArea), at: 1, until: 100 },
]);

const LANGUAGES = ['ar', 'bn', 'de', 'en', 'es', 'fa', 'fr', 'hi', 'id', 'kk', 'pt', 'ru', 'tr', 'ur', 'zh'];
/** Letters that each sentence in the language must contain. */
const SCRIPTS: Record<string, RegExp> = {
  ar: /\p{Script=Arabic}/u,
  bn: /\p{Script=Bengali}/u,
  fa: /\p{Script=Arabic}/u,
  kk: /\p{Script=Cyrillic}/u,
  ur: /\p{Script=Arabic}/u,
  hi: /\p{Script=Devanagari}/u,
  ru: /\p{Script=Cyrillic}/u,
  zh: /\p{Script=Han}/u,
};

/** All texts of a language. Functions receive marks as arguments, and their texts must contain these marks. */
function saidBy(words: NoticeWords): { path: string; text: string; marks: string[] }[] {
  const said = (value: unknown, path: string): { path: string; text: string; marks: string[] }[] => {
    if (typeof value === 'string') return [{ path, text: value, marks: [] }];
    if (typeof value === 'function') {
      const marks = ['⟨1⟩', '⟨2⟩'].slice(0, value.length);
      return [{ path, text: value(...marks), marks }];
    }
    return Object.entries(value as object).flatMap(([key, each]) => said(each, `${path}.${key}`));
  };
  const { tag: _tag, direction: _direction, ...rest } = words;
  return said(rest, words.tag);
}

it.each<[string[], string]>([
  [['ur-PK', 'en'], 'ur'],
  [['de-AT'], 'de'],
  [['ZH-Hant-TW'], 'zh'],
  [['sv', 'fr-CA', 'en'], 'fr'],
  [['sv'], 'en'],
  [[], 'en'],
])('a reader of %j reads %s', (languages, tag) => {
  expect(noticeWordsIn(languages).tag).toBe(tag);
});

describe.each(LANGUAGES)('%s', (language) => {
  const words = noticeWordsIn([language]);

  it('has every text in its own script, and every text contains its arguments', () => {
    for (const { path, text, marks } of saidBy(words)) {
      expect(text.trim(), path).toBe(text);
      expect(text, path).not.toBe('');
      for (const mark of marks) expect(text, path).toContain(mark);
      const script = SCRIPTS[language];
      if (script) expect(text, path).toMatch(script);
    }
  });

  it('repeats no English text, and has different texts for all reasons', () => {
    if (language !== 'en') {
      const english = new Map(saidBy(noticeWordsIn(['en'])).map(({ path, text }) => [path.replace(/^en/, ''), text]));
      const alike = saidBy(words).filter(({ path, text }) => english.get(path.replace(/^\w+/, '')) === text);
      // `Messages` is also a French word.
      expect(alike.map(({ text }) => text).filter((text) => text !== 'Messages')).toEqual([]);
    }
    expect(new Set(REASONS.map((reason) => words.reasons[reason]('⟨⟩'))).size).toBe(REASONS.length);
  });

  it.each(['contested', 'unknown'] as const)(
    'says of a location that is %s what the order’s own rule decided',
    (reason) => {
      // The same location, and the two rules of an order for it.
      const sentences = (['deny', 'allow'] as const).map((decision) => {
        const rule = { ...ORDER, [reason]: decision };
        const location = reason === 'contested' ? AT_BORDER : emptyLocation();
        const facts = { home: null, seat: null, exemptions: [], location, listExpires: null };
        const { allowed, reasons, denials } = evaluate([rule], facts, 1).services.messaging;
        expect([allowed, reasons]).toEqual([decision === 'allow', [reason]]);
        return allowed
          ? reasonsIn(words, reasons, ['PK'], 'allowed')
          : reasonsIn(words, denials[0]?.reasons ?? [], ['PK'], 'denied');
      });
      expect(sentences).toEqual([
        words.reasons[reason](areasIn(words, ['PK'])),
        words.allowedReasons[reason](areasIn(words, ['PK'])),
      ]);
      expect(new Set(sentences).size).toBe(2);
    },
  );

  it('has the writing direction of its script', () => {
    expect(words.direction).toBe(['ar', 'fa', 'ur'].includes(language) ? 'rtl' : 'ltr');
  });
});

it.each<[string, string | undefined, string | null]>([
  ['de', 'de', 'Dieser Text ist maßgeblich.'],
  ['de-AT', 'de', 'Dieser Text ist maßgeblich.'],
  ['en', 'de', 'Authoritative text: German. This is a translation.'],
  ['zh-Hans', 'zh-Hant', '正式文本：繁体中文。此为译文。'],
  ['ur', 'en', 'مستند متن: انگریزی۔ یہ ترجمہ ہے۔'],
  ['sv', 'de', 'Authoritative text: German. This is a translation.'],
  ['en', undefined, null],
])('a text in %s, of an order with the authoritative language %s, says %s', (tag, authoritative, said) => {
  expect(authorityIn(tag, authoritative)?.text ?? null).toBe(said);
});

it('formats areas, services and times in the reader’s language', () => {
  const said = (language: string) => {
    const words = noticeWordsIn([language]);
    return [
      areasIn(words, ['PK', 'UN-034']),
      servicesIn(words, ['messaging', 'mail']),
      dateTimeIn(words, Date.parse('2015-11-30T19:00:00Z'), 'Asia/Karachi'),
    ];
  };
  expect(said('en')).toEqual(['Pakistan and Southern Asia', 'Messages and Mail', '1 Dec 2015, 00:00 GMT+5']);
  expect(said('ur').slice(0, 2)).toEqual(['پاکستان اور جنوبی ایشیا', 'پیغامات اور ای میل']);
  expect(said('de')).toEqual(['Pakistan und Südasien', 'Nachrichten und E-Mail', '1. Dez. 2015, 00:00 GMT+5']);
  expect(said('zh')[0]).toBe('巴基斯坦和南亚');
  // Areas without a name in the language keep their own or their English name.
  expect(areasIn(noticeWordsIn(['de']), ['PK-SD', 'XX-crimea', 'EEA'])).toBe(
    'Pakistan, Sindh, Crimea (disputed) und European Economic Area',
  );
});
