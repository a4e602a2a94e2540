/** A sole owner without password and phone recovers the account by `cordon recover-owner` on the server's machine. Real processes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { alertList } from '../../shared/api/devices.ts';
import { ledgerEntryList } from '../../shared/api/ledger.ts';
import { adminCli } from '../support/admin-cli.ts';
import { firstOwner } from '../support/people.ts';
import { startServerProcess } from '../support/server-process.ts';

it('the owner gets a link while the server is stopped, and only with the right passphrase', {
  timeout: 120_000,
}, async () => {
  const server = await startServerProcess();
  onTestFinished(() => server.remove());
  const folder = mkdtempSync(join(tmpdir(), 'cordon-recover-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const owner = await firstOwner(server.admin, server.firstOwner);
  const cordon = adminCli(server.admin, folder);
  const recover = (env: Record<string, string> = {}, ...args: string[]) =>
    cordon(['recover-owner', ...args], { env: { ...server.env, ...env } });

  const running = await recover();
  expect([running.code === 0, running.err]).toEqual([false, expect.stringContaining('[store_locked]')]);
  await server.stop();
  const wrong = join(folder, 'wrong');
  writeFileSync(wrong, 'not the passphrase of this installation', { mode: 0o600 });
  expect((await recover({ CORDON_PASSPHRASE_FILE: wrong })).err).toContain('[passphrase_wrong]');
  expect((await recover({ CORDON_HOME: join(folder, 'empty') })).err).toContain('[not_found]');
  expect((await recover({}, '--email', 'nobody@example.org')).err).toContain(owner.signIn.email);
  const recovered = await recover();
  expect([recovered.code, recovered.err]).toEqual([0, '']);
  const link = recovered.out.split('\n')[0] ?? '';
  expect(link).toMatch(new RegExp(`^${server.admin}/#invitation=[a-z2-7]{52}$`));

  await server.start();
  const password = join(folder, 'password');
  writeFileSync(password, 'another long enough password', { mode: 0o600 });
  const set = await cordon(['setup', '--password-file', password, '--json'], { input: link });
  expect(set.code).toBe(0);
  const { totpSecret } = JSON.parse(set.out);
  // The earlier credentials, and the token with them, are no longer valid.
  await expect(owner.api.call('GET', '/alerts', alertList)).rejects.toMatchObject({ code: 'not_signed_in' });
  const signed = await cordon(['sign-in', owner.signIn.email, '--password-file', password], {
    env: { CORDON_TOTP_SECRET: totpSecret },
  });
  expect([signed.code, signed.err]).toEqual([0, '']);
  const alerts = await cordon(['alerts', '--json']);
  expect(alerts.out).toContain('credential_reset_link');
  const printed = JSON.parse((await cordon(['ledger', 'entries', '--json', '--limit', '500'])).out);
  const { entries } = ledgerEntryList.parse({ entries: printed });
  const kinds = entries.map(({ entry }) => entry.kind);
  expect(kinds).toContain('credentials.reset-link');
  expect(kinds).toContain('credentials.reset');
});
