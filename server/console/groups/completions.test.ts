import { expect, it } from 'vitest';
import { completionsAt, type Vocabulary } from './completions.ts';

const VOCABULARY: Vocabulary = {
  facts: [
    { name: 'areas', type: 'list', meaning: 'Areas' },
    { name: 'disk.encrypted', type: 'bool', meaning: 'Disks' },
    { name: 'os.name', type: 'string', meaning: 'System' },
    { name: 'os.version', type: 'string', meaning: 'Version' },
  ],
  functions: [
    { signature: 'text.startsWith(text)', meaning: 'Begins' },
    { signature: 'compareVersions(version, version)', meaning: 'Compares' },
    { signature: 'list.exists(item, condition)', meaning: 'Any' },
  ],
};
const labels = (text: string, all = false) =>
  completionsAt(text, text.length, VOCABULARY, all).options.map(({ insert }) => insert);

it.each([
  ['o', ['os.name', 'os.version']],
  ['os.v', ['os.version']],
  ['OS.V', ['os.version']],
  ['true && a', ['areas']],
  ['encr', ['disk.encrypted']],
  ['comp', ['compareVersions(']],
  ['os.name.st', ['os.name.startsWith(']],
  ['areas.', ['areas.exists(']],
  ['disk.encrypted.', []],
  ['"os', []],
  ['"os" == o', ['os.name', 'os.version']],
  ["'it\\'s o", []],
  ['os.name', []],
  ['', []],
])('completes %j with %j', (text, expected) => {
  expect(labels(text)).toEqual(expected);
});

it('lists all facts and functions without a word on request', () => {
  expect(labels('os.name == "x" && ', true)).toEqual([
    'areas',
    'disk.encrypted',
    'os.name',
    'os.version',
    'compareVersions(',
  ]);
});

it('replaces the word before the caret, not the text after it', () => {
  expect(completionsAt('os.n == "x"', 4, VOCABULARY)).toMatchObject({ from: 0, options: [{ insert: 'os.name' }] });
});
