/** The numbers of abuse cases in test titles, compared with the list in `tests/ABUSE-CASES.md`. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const PROJECT = join(import.meta.dirname, '../..');

const listed = new Set(
  [...readFileSync(join(PROJECT, 'tests/ABUSE-CASES.md'), 'utf8').matchAll(/^(\d+)\. /gm)].map(([, number]) =>
    Number(number),
  ),
);
const sources = spawnSync(
  'git',
  ['grep', '-hoE', '\\bcases? [0-9]+((, | and )[0-9]+)*', '--', '*.test.ts', 'tests/*.ts'],
  {
    cwd: PROJECT,
    encoding: 'utf8',
  },
).stdout;
const named = new Set([...sources.matchAll(/\d+/g)].map(([number]) => Number(number)));

it('every listed abuse case has a test', () => {
  expect([...listed].filter((number) => !named.has(number))).toEqual([]);
});

it('every abuse case that a test names is in the list', () => {
  expect(named.size).toBeGreaterThan(50);
  expect([...named].filter((number) => !listed.has(number))).toEqual([]);
});
