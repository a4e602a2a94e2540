import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { requireKnownVariables, unknownVariables, VARIABLES } from './environment.ts';

/** Tracked and new files with Cordon's own text. */
const files = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
  maxBuffer: 2 ** 26,
})
  .stdout.split('\0')
  .filter((file) => /(\.(ts|tsx|js|cjs|json|md|service|conf|cfg|yml|sh)|^\.ci\/run)$/.test(file) && existsSync(file))
  .filter((file) => !file.endsWith('shared/environment.test.ts') && file !== 'CHANGELOG.md');
const namesIn = (text: string) => new Set(text.match(/\bCORDON_[A-Z0-9_]*[A-Z0-9]\b/g) ?? []);
const used = new Map(files.map((file) => [file, namesIn(readFileSync(file, 'utf8'))]));

describe('the table of environment variables', () => {
  it('contains every variable that the source names', () => {
    const missing = [...used].flatMap(([file, names]) =>
      [...names].filter((name) => !Object.hasOwn(VARIABLES, name)).map((name) => `${file}: ${name}`),
    );
    expect(missing, 'add each to VARIABLES in shared/environment.ts').toEqual([]);
  });

  it.each([
    ['server', /^server\/config\.ts$/],
    ['agent', /^agent\/config\.ts$/],
    ['mail connector', /^agent\/mail-connector\/config\.ts$/],
    ['command line', /^server\/cli\/config\.ts$/],
    ['tests', /^tests\//],
  ] as const)('has no variable of the %s that nothing reads', (reader, where) => {
    const read = new Set([...used].flatMap(([file, names]) => (where.test(file) ? [...names] : [])));
    const unread = Object.keys(VARIABLES).filter((name) => VARIABLES[name]?.reader === reader && !read.has(name));
    expect(unread).toEqual([]);
  });
});

describe('unknown variables', () => {
  it.each([
    ['CORDON_NAMSE', 'CORDON_NAMES'],
    ['CORDON_NAME', 'CORDON_NAMES'],
    ['CORDON_DATABASEURL', 'CORDON_DATABASE_URL'],
    ['CORDON_ORGANIZATON', 'CORDON_ORGANIZATION'],
    ['CORDON_ADMIN_PROT', 'CORDON_ADMIN_PORT'],
    ['CORDON_LOG_LEVEL', null],
    ['CORDON_XYZZY', null],
  ])('%s is refused, and the nearest name is %s', (name, nearest) => {
    expect(unknownVariables({ [name]: 'x' })).toEqual([{ name, nearest }]);
    expect(() => requireKnownVariables({ [name]: 'x' })).toThrow(nearest ?? `${name} is not a setting of Cordon.`);
  });

  it('are not reported for variables of Cordon, other software and Kubernetes', () => {
    const others = [
      'PATH',
      'cordon_home',
      'CORDON_SERVICE_HOST',
      'CORDON_SERVICE_PORT',
      'CORDON_SERVICE_PORT_HTTPS',
      'CORDON_PORT',
      'CORDON_PORT_8443_TCP',
      'CORDON_PORT_8443_TCP_ADDR',
      'CORDON_ADMIN_SERVICE_HOST',
      'CORDON_ADMIN_PORT_8445_TCP_PROTO',
    ];
    const names = [...Object.keys(VARIABLES), ...others];
    expect(unknownVariables(Object.fromEntries(names.map((name) => [name, 'x'])))).toEqual([]);
  });
});
