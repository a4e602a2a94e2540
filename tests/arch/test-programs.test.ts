/** Each external program that tests start is declared with `tests/support/tools.ts`. On a machine without it, its tests are skipped. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { expect, it } from 'vitest';

/** Programs that every machine with this repository has: POSIX tools, Git, npm and the packages of `npm ci`. */
const ALWAYS_PRESENT = new Set(
  'sh test grep tar echo yes sleep sha256sum chown install mkfifo mount umount git npm tsc vitest depcruise redocly openapi-typescript'.split(
    ' ',
  ),
);
/** Words of declarations that cover further programs: a program or package that comes with them, or a system that has them. */
const COVERED_BY: Readonly<Record<string, readonly string[]>> = {
  'age-keygen': ['age'],
  'dbus-daemon': ['dbus'],
  dpkg: ['Debian'],
  'dpkg-deb': ['dpkg', 'Debian'],
  'dpkg-query': ['dpkg', 'Debian'],
  ip: ['iproute2'],
  nsenter: ['Linux'],
  postqueue: ['postfix'],
  rpm: ['rpmbuild'],
  ss: ['iproute2'],
  tc: ['iproute2'],
  unshare: ['Linux', 'unshared'],
};

const STARTED = /\b(?:spawn|spawnSync|execFile|execFileSync)\(\s*'([a-z/][\w./-]*)'/g;
/** Name of a declared program or condition, and how to get it. */
const DECLARED = /\b(?:tool|needed)\(\s*('[^']+',\s*'[^']+')/g;
const EXPORTED_TOOL = /export const (\w+)(?:: Tool)? =[^;]*?\b(?:tool|needed|root)\(/g;
const IMPORTED = /import \{([^}]*)\} from '(\.[^']+)'/g;

const files = execFileSync('git', ['ls-files', 'tests/**/*.ts', '*.test.ts'], { encoding: 'utf8' })
  .trim()
  .split('\n')
  // The bench skips its programs by itself.
  .filter((file) => !file.startsWith('tests/bench/'));
const texts = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]));
const found = (pattern: RegExp, text: string): string[] => [...text.matchAll(pattern)].map(([, name = '']) => name);
const importsOf = (file: string) =>
  [...(texts.get(file) ?? '').matchAll(IMPORTED)].map(([, names = '', path = '']) => ({
    names: names
      .split(',')
      .map((name) => name.trim().replace(/ as \w+$/, ''))
      .filter((name) => name !== '' && !name.startsWith('type ')),
    from: normalize(join(dirname(file), path)),
  }));
/** Words of all declarations in the file and in its direct imports, such as `ip`, `tc` and `ss` of `needed('ip, tc and ss', …)`. */
const declaredFor = (file: string): Set<string> =>
  new Set(
    [file, ...importsOf(file).map(({ from }) => from)]
      .flatMap((each) => found(DECLARED, texts.get(each) ?? ''))
      .flatMap((declaration) => declaration.split(/[^\w.-]+/)),
  );
const usersOf = (helper: string) => files.filter((file) => importsOf(file).some(({ from }) => from === helper));
const declares = (file: string, program: string): boolean => {
  const declared = declaredFor(file);
  return [program, ...(COVERED_BY[program] ?? [])].some((word) => declared.has(word));
};

/** True if the file, or each test that uses this helper, declares the program. */
function isDeclared(file: string, program: string): boolean {
  if (declares(file, program)) return true;
  const users = file.endsWith('.test.ts') ? [] : usersOf(file);
  return users.length > 0 && users.every((user) => isDeclared(user, program));
}

it('declares each program that a test or its helper starts', () => {
  const undeclared = files.flatMap((file) =>
    [...new Set(found(STARTED, texts.get(file) ?? '').map((path) => basename(path)))]
      .filter((program) => !ALWAYS_PRESENT.has(program) && !isDeclared(file, program))
      .map((program) => `${file} starts ${program}`),
  );
  expect(files.length).toBeGreaterThan(500);
  expect(undeclared).toEqual([]);
});

it('checks the declared program in each test that uses the helper of this program', () => {
  const unchecked = files
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) =>
      importsOf(file).flatMap(({ names, from }) => {
        if (from === 'tests/support/tools.ts') return [];
        const tools = found(EXPORTED_TOOL, texts.get(from) ?? '');
        if (tools.length === 0 || names.length === 0 || names.some((name) => tools.includes(name))) return [];
        return [`${file} uses ${from} without ${tools}`];
      }),
    );
  expect(unchecked).toEqual([]);
});
