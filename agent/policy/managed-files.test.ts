import { execFileSync } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ManagedFile, managedFilesSchema } from '../../shared/policy/managed-files.ts';
import { createManagedFiles, type ManagedFiles } from './managed-files.ts';

let root: string;
let home: string;
let files: ManagedFiles;
const own = userInfo();

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cordon-files-'));
  home = join(root, 'home');
  mkdirSync(home);
  files = open();
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const open = () =>
  createManagedFiles({
    home,
    folder: join(root, 'originals'),
    uidOf: async (name) => (name === own.username ? own.uid : null),
  });
const file = (path: string, more: Partial<ManagedFile> = {}): ManagedFile => ({
  path,
  text: 'managed\n',
  owner: null,
  mode: '0644',
  reload: null,
  ...more,
});
const round = async (...wanted: ManagedFile[]) => files.check(wanted, await files.apply(wanted));
const at = (name: string) => join(home, name);
const text = (name: string) => readFileSync(at(name), 'utf8');

describe('configuration files', () => {
  it('that are pipes, devices or folders do not block the checks, the file system or name resolution', async () => {
    const pipes = ['a', 'b', 'c', 'd', 'e'].map((name) => at(`pipe-${name}`));
    for (const pipe of pipes) execFileSync('mkfifo', [pipe]);
    mkdirSync(at('folder'));
    const paths = [...pipes, '/dev/zero', at('folder')];
    const results = await Promise.all(paths.map((path) => files.check([file(path)], new Map())));
    expect(results.map(({ status }) => status)).toEqual(paths.map(() => 'unknown'));
    expect(results[0]?.detail).toMatch('it is not a file');
    expect(await round(file('~/pipe-a'))).toMatchObject({
      status: 'unknown',
      detail: expect.stringMatching('not a file'),
    });
    expect((await lookup('localhost')).address).toMatch(/^(127\.|::1)/);
  });

  it('are written with their mode, repaired, and restored when the policy ends', async () => {
    writeFileSync(at('old.conf'), 'mine\n');
    chmodSync(at('old.conf'), 0o600);
    const wanted = [file('~/old.conf'), file('~/folder/new.conf', { mode: '0640' })];
    expect(await files.check(wanted, new Map())).toEqual({
      status: 'not-met',
      detail: '~/old.conf has another content. ~/folder/new.conf is missing.',
    });
    expect(await round(...wanted)).toMatchObject({ status: 'met' });
    expect([text('old.conf'), text('folder/new.conf')]).toEqual(['managed\n', 'managed\n']);
    expect(statSync(at('folder/new.conf')).mode & 0o777).toBe(0o640);

    writeFileSync(at('old.conf'), 'drift\n');
    files = open();
    expect(await round(...wanted)).toMatchObject({ status: 'met' });
    await round(file('~/old.conf', { text: 'newer\n' }));
    expect(() => statSync(at('folder/new.conf'))).toThrow('ENOENT');
    expect(await files.apply([])).toEqual(new Map());
    expect([text('old.conf'), statSync(at('old.conf')).mode & 0o777]).toEqual(['mine\n', 0o600]);
  });

  it('stay as the user changed them when the policy ends', async () => {
    await round(file('~/a.conf'));
    writeFileSync(at('a.conf'), 'mine\n');
    await files.apply([]);
    expect(text('a.conf')).toBe('mine\n');
  });

  it.each<[string, ManagedFile, string]>([
    ['a hidden file', file('~/.profile'), 'The agent writes no hidden file.'],
    ['a file in a hidden folder', file('~/.ssh/authorized_keys'), 'The agent writes no hidden file.'],
    ['an executable file', file('~/tool', { mode: '0755' }), 'The agent writes no executable file.'],
    ['a file with an owner', file('~/a', { owner: own.username }), 'The agent sets no owner'],
    ['a file behind a link', file('~/out/a'), 'A link leads out of the home folder.'],
  ])('are not written for %s', async (_, wanted, reason) => {
    symlinkSync(root, at('out'));
    const outcome = await round(wanted);
    expect(outcome.status).toBe('not-met');
    expect(outcome.detail).toContain(`${wanted.path} is missing.`);
    expect(outcome.detail).toContain(reason);
  });

  it('are checked for mode, owner and links', async () => {
    writeFileSync(at('a'), 'managed\n', { mode: 0o644 });
    expect(await files.check([file(at('a'), { owner: own.username })], new Map())).toMatchObject({ status: 'met' });
    const other = await files.check([file(at('a'), { owner: 'nobody' })], new Map());
    expect(other).toMatchObject({ status: 'not-met', detail: expect.stringContaining('has another owner') });
    const mode = await files.check([file(at('a'), { mode: '0600' })], new Map());
    expect(mode).toMatchObject({ status: 'not-met', detail: expect.stringContaining('has the mode 0644') });
    symlinkSync(at('a'), at('link'));
    expect(await files.check([file(at('link'))], new Map())).toMatchObject({ status: 'unknown' });
  });

  it.each([
    ['a relative path', [file('etc/a')]],
    ['a path with ..', [file('/etc/../a')]],
    ['a path twice', [file('/etc/a'), file('/etc/a')]],
    ['a mode with setuid', [file('/etc/a', { mode: '4755' })]],
    ['a unit that is no service', [file('/etc/a', { reload: 'rm -rf /' })]],
    ['too much text', [file('/etc/a', { text: 'x'.repeat(16_000) }), file('/etc/b', { text: 'x'.repeat(16_000) })]],
  ])('of a policy are refused with %s', (_, value) => {
    expect(managedFilesSchema.safeParse(value).success).toBe(false);
  });
});
