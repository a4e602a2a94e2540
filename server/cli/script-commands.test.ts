/** The command line of scripts: write, review with a key file, and the settings. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiApprover, adoptApprovers, KEY_PASSPHRASE } from '../../tests/support/api-approvers.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { runInProcess } from '../../tests/support/in-process-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'cordon-script-'));
let api: ApiServer;
let ada: ApiApprover;
let ben: ApiApprover;

beforeAll(async () => {
  api = await startApi();
  const [first, second] = await adoptApprovers(api);
  if (!first || !second) throw new Error('an approver is missing');
  [ada, ben] = [first, second];
  for (const [name, who] of [
    ['ada', ada],
    ['ben', ben],
  ] as const) {
    await api.commandLine(who, join(folder, name));
    writeFileSync(join(folder, `${name}.pem`), who.pem, { mode: 0o600 });
  }
  const { secret } = await api.account('author@example.org', [{ role: 'owner', group: null, area: null }]);
  await api.commandLine({ email: 'author@example.org', secret }, join(folder, 'author'));
  writeFileSync(join(folder, 'script.sh'), 'echo hello\n');
});
afterAll(async () => {
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});

const cordon = (who: string, ...args: string[]) =>
  runInProcess(['scripts', ...args], {
    XDG_CONFIG_HOME: join(folder, who),
    CORDON_SERVER: api.url,
    CORDON_KEY_PASSPHRASE: KEY_PASSPHRASE,
  });

it('an author writes a version, and an approver reads and signs it', async () => {
  const file = join(folder, 'script.sh');
  const created = await cordon('author', 'create', 'Hello', file, '--purpose', 'Says hello', '--seconds', '5');
  expect(created.err).toBe('');
  const id = /scr_[a-z2-7]{16}/.exec(created.out)?.[0] ?? '';
  const review = (who: string, version: string) =>
    cordon(who, 'review', id, version, '--key', join(folder, `${who}.pem`), '--yes');
  const reviewed = await review('ada', '1');
  // The reviewer sees the text before the signature.
  expect(reviewed.err).toContain('| echo hello');
  expect(reviewed.out).toMatch(/1\s+reviewed/);
  expect((await review('ada', '2')).err).toContain('The script has no version 2');
  const wrongKey = await cordon('ben', 'review', id, '1', '--key', join(folder, 'ada.pem'), '--yes');
  expect(wrongKey.err).toContain('forbidden');

  expect((await cordon('author', 'text', id, '1')).out).toContain('echo hello');
  const stale = await cordon('author', 'add-version', id, file, '--purpose', 'x', '--after', '7');
  expect(stale.err).toContain('conflict');
  expect((await cordon('author', 'add-version', id, file, '--purpose', 'x', '--after', '1')).out).toContain(
    'unreviewed',
  );
  expect((await cordon('ben', 'withdraw', id, '2')).out).toContain('withdrawn');
  expect((await cordon('author', 'list')).out).toMatch(/Hello\s+2\s+withdrawn/);
  expect((await cordon('author', 'run', id, '1', '--all')).err).toContain('scripts_off');
  expect((await cordon('author', 'settings')).out).toContain('Scripts are off.');
});
