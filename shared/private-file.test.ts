import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { posix, root } from '../tests/support/tools.ts';
import { requirePrivateFile, requirePrivateFolder } from './private-file.ts';

const folder = mkdtempSync(join(tmpdir(), "cordon private file's-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!posix().present)('a file with a secret', () => {
  const withMode = (mode: number) => {
    const path = join(folder, `key-${mode.toString(8)}`);
    writeFileSync(path, 'secret');
    chmodSync(path, mode);
    return path;
  };

  it.each([0o600, 0o400, 0o700])('with mode %o is accepted', (mode) => requirePrivateFile(withMode(mode)));

  it.each([
    [0o777, 'every user'],
    [0o644, 'every user'],
    [0o602, 'every user'],
    [0o660, 'its group'],
    [0o640, 'its group'],
  ])('with mode %o is refused with the command that repairs it', (mode, who) => {
    const path = withMode(mode);
    expect(() => requirePrivateFile(path)).toThrow(`has mode 0${mode.toString(8)}: ${who}`);
    expect(() => requirePrivateFile(path)).toThrow(`chmod 600 '${path.replaceAll("'", String.raw`'\''`)}'`);
  });

  it.skipIf(!root().present)('of root may be readable by the group of a service user', () => {
    const check = (mode: number) => {
      chmodSync(folder, 0o755);
      // The module is loaded first, because the user `nobody` may be unable to enter the folder that it is in.
      const script = `import(${JSON.stringify(join(import.meta.dirname, 'private-file.ts'))}).then((m) => {
        process.setgroups([]); process.setgid(65534); process.setuid(65534);
        m.requirePrivateFile(process.argv[1]);
      })`;
      return spawnSync(process.execPath, ['-e', script, withMode(mode)], { encoding: 'utf8' });
    };
    expect(check(0o440).stderr).toBe('');
    expect(check(0o444).stderr).toContain('has mode 0444');
    expect(check(0o460).stderr).toContain('has mode 0460');
  });

  it.each([0o700, 0o750, 0o755])('is accepted in a folder with mode %o', (mode) => {
    chmodSync(folder, mode);
    requirePrivateFolder(folder);
  });

  it.each([0o777, 0o770])('is refused in a folder with mode %o', (mode) => {
    chmodSync(folder, mode);
    expect(() => requirePrivateFolder(folder)).toThrow('Run: chmod 700');
  });
});
