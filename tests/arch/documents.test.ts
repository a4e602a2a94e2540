/** Files and npm commands that documents name must exist. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { VARIABLES } from '../../shared/environment.ts';
import { listSourceTree } from '../support/source-tree.ts';

const ROOT = join(import.meta.dirname, '../..');
const documents = ['*.md', 'server/*.md', 'server/adr/*.md', 'tests/timelines/*.md'].flatMap((pattern) =>
  globSync(pattern, { cwd: ROOT }),
);
const scripts: Readonly<Record<string, string>> = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).scripts;
const FILES = [...listSourceTree(ROOT).keys()].map((file) => `/${file}`);
const BUILT = /\bdist\b|\.cordon\//;

it.each(documents)('%s', (document) => {
  const text = readFileSync(join(ROOT, document), 'utf8');
  const paths = [...text.matchAll(/`((?:server|agent|shared|certs|tests)\/[\w./-]+)`/g)].map(([, path = '']) => path);
  const names = [...text.matchAll(/`([\w-]+\.(?:ts|tsx|js|md))`/g)].map(([, name = '']) => name);
  expect(names.filter((name) => !BUILT.test(name) && !FILES.some((file) => file.endsWith(`/${name}`)))).toEqual([]);
  const links = [...text.matchAll(/\]\((?!https?:)([\w./-]+)\)/g)].map(([, path = '']) =>
    join(dirname(document), path),
  );
  const missing = [...paths, ...links].filter((path) => !BUILT.test(path) && !existsSync(join(ROOT, path)));
  expect(missing).toEqual([]);
  const commands = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name = '']) => name);
  expect(commands.filter((name) => !(name in scripts))).toEqual([]);
});

it('server/OPERATIONS.md lists every variable of the product and every chapter', () => {
  const text = readFileSync(join(ROOT, 'server/OPERATIONS.md'), 'utf8');
  const readers = ['server', 'agent', 'mail connector', 'command line'];
  const variables = Object.keys(VARIABLES).filter((name) => readers.includes(VARIABLES[name]?.reader ?? ''));
  expect(variables.length).toBeGreaterThan(80);
  expect(variables.filter((name) => !text.includes(`\`${name}`))).toEqual([]);
  const chapters = [...text.matchAll(/^## (.+)$/gm)].map(([, title = '']) => title);
  const anchor = (title: string) => title.toLowerCase().replaceAll(',', '').replaceAll(' ', '-');
  const listed = (title: string) => text.includes(`[${title}](#${anchor(title)})`);
  expect(chapters.filter((title) => title !== 'Contents' && !listed(title))).toEqual([]);
});

it('every number of a decision record is used once, or named in CONTRIBUTING.md as unused', () => {
  const numbers = globSync('server/adr/*.md', { cwd: ROOT }).map((file) =>
    file.slice('server/adr/'.length).slice(0, 4),
  );
  const contributing = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
  const unused = [...(/No record has the number (\d{4})/.exec(contributing)?.slice(1) ?? [])];
  const all = [...numbers, ...unused].sort();
  expect(all).toEqual(all.map((_, index) => String(index + 1).padStart(4, '0')));
});
