import { expect, it } from 'vitest';
import { csvLine } from './csv.ts';

it.each([
  ['plain', 'Ada', 'Ada'],
  ['nothing', null, ''],
  ['a number below zero', -5, '-5'],
  ['a truth', true, 'true'],
  ['a comma', 'a,b', '"a,b"'],
  ['another separator', 'a;b', '"a;b"'],
  ['a quote', 'say "so"', '"say ""so"""'],
  ['a new line', 'a\r\nb', '"a\r\nb"'],
  ['space around', ' a ', '" a "'],
  ['another script', 'عائشہ ملک', 'عائشہ ملک'],
])('%s', (_name, value, text) => expect(csvLine([value])).toBe(`${text}\r\n`));

it.each([
  ['=HYPERLINK("https://evil.example","pay")', `"'=HYPERLINK(""https://evil.example"",""pay"")"`],
  ['+1', "'+1"],
  ['-1+cmd', "'-1+cmd"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['|calc', "'|calc"],
  ['%0', "'%0"],
  ['＝1＋1', "'＝1＋1"],
  ['\t=1', `"'\t'=1"`],
  [' =1', "' =1"],
  ['\u200e=1', "'\u200e=1"],
  ['\r=1', `"'\r'=1"`],
])('case 51: %s is no formula', (value, text) => expect(csvLine([value])).toBe(`${text}\r\n`));

/** Cells of a program that splits lines at another separator. Only a quote at the start of a cell protects separators. */
function cellsOf(csv: string, separator: string): string[] {
  const quoted = /^"(?:[^"]|"")*"?/.exec(csv)?.[0] ?? '';
  const end = csv.slice(quoted.length).search(new RegExp(`[${separator}\r\n]`));
  if (end < 0) return [csv];
  return [csv.slice(0, quoted.length + end), ...cellsOf(csv.slice(quoted.length + end + 1), separator)];
}

it.each([',', ';', '\t', '|'])('case 51: no cell is a formula in a program that separates cells by %j', (separator) => {
  const hostile = [
    ';=1',
    'a;=1',
    'a;"=1"',
    'a\t@x',
    'a\n+1',
    'a\r\n-1',
    'a| =1',
    'a;;%0',
    'a,=1',
    '"";=1',
    "';|x",
    'a;\u200e＝1',
  ];
  for (const text of hostile) {
    const cells = cellsOf(csvLine(['x', text, 'y']) + csvLine([text, text]), separator);
    for (const cell of cells) expect(cell).not.toMatch(/^[\s\p{Cf}"]*[=+\-@|%＝＋－＠]/u);
  }
});

it('escapes separators and quotes in cells', () => expect(csvLine(['a', 'b,c', null, 1])).toBe('a,"b,c",,1\r\n'));

it('case 51: replaces control characters, which a terminal would execute', () => {
  expect(csvLine(['a\u001b]0;x\u0007b', 'c\u0000\u009bd', 'e\tf'])).toBe(
    '"a\ufffd]0;x\ufffdb",c\ufffd\ufffdd,"e\tf"\r\n',
  );
});
