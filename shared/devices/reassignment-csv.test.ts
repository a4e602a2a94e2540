import { expect, it } from 'vitest';
import { linksCsv, parsePairs } from './reassignment-csv.ts';

const PAIR = { device: 'PF-1', person: 'amina@example.org' };

it.each([
  ['semicolons', 'PF-1;amina@example.org\n', [PAIR]],
  ['commas, a heading and empty lines', 'Device,Person\r\n\r\nPF-1,amina@example.org\r\n', [PAIR]],
  ['tabs and quotes', '\uFEFF"PF-1"\t"amina@example.org"', [PAIR]],
  ['empty cells at the end', 'PF-1 ; amina@example.org;;', [PAIR]],
  ['nothing', ' \n', []],
])('reads pairs with %s', (_, text, pairs) => {
  expect(parsePairs(text)).toEqual(pairs);
});

it.each(['PF-1', 'PF-1;', ';amina', 'a;b;c'])('refuses the line %s, and names its number', (line) => {
  expect(() => parsePairs(`device;person\n${line}`)).toThrow(/^Line 2 /);
});

it('writes links without formulas', () => {
  const code = {
    device: 'dev_aaaaaaaaaaaaaaaa' as never,
    hostname: '=1+1',
    owner: { id: 'per_aaaaaaaaaaaaaaaa' as never, name: 'Amina' },
    link: 'https://cordon.example/enroll#x',
    expiresAt: 0 as never,
    mailed: 'sent' as const,
  };
  expect(linksCsv({ codes: [code], refused: [] }).split('\r\n')[1]).toBe(
    "dev_aaaaaaaaaaaaaaaa,'=1+1,per_aaaaaaaaaaaaaaaa,Amina,https://cordon.example/enroll#x,1970-01-01T00:00:00.000Z,sent",
  );
});
