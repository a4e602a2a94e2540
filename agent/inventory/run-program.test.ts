import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tool } from '../../tests/support/tools.ts';

const tools = [tool('flatpak', 'apt install flatpak'), tool('setpriv', 'apt install util-linux')];
const present = tools.every((each) => each.present) && process.getuid?.() === 0;
const NOBODY = 65_534;

it.skipIf(!present)('reads flatpak as a user without a home, and leaves no folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-program-'));
  try {
    // The user may not read the source tree.
    copyFileSync(new URL('run-program.ts', import.meta.url), join(folder, 'run-program.ts'));
    chmodSync(folder, 0o777);
    const code = `const { runUntranslated } = await import('${join(folder, 'run-program.ts')}');
      console.log(JSON.stringify(await runUntranslated('flatpak', ['list', '--system', '--app'])));`;
    const user = ['setpriv', '--reuid', String(NOBODY), '--clear-groups', '--'];
    const variables = ['-i', 'HOME=/', 'PATH=/usr/bin:/bin', `TMPDIR=${folder}`];
    const program = [process.execPath, '--no-warnings', '--input-type=module', '-e', code];
    const [first = '', ...others] = [...user, 'env', ...variables, ...program];
    const out = execFileSync(first, others, { cwd: '/', encoding: 'utf8' });
    expect(JSON.parse(out)).toEqual(expect.any(String));
    expect(readdirSync(folder)).toEqual(['run-program.ts']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
