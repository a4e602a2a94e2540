/** `cordon passkeys`, against the real API on the real store. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newPasskey } from '../../shared/api/passkeys.ts';
import { EXIT } from '../../shared/exit-codes.ts';
import { PASSWORD } from '../../tests/support/api-client.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { runInProcess } from '../../tests/support/in-process-cli.ts';
import { createPasskey } from '../../tests/support/passkey.ts';

let api: ApiServer;
let folder: string;
beforeAll(async () => {
  api = await startApi();
  folder = mkdtempSync(join(tmpdir(), 'cordon-passkeys-'));
});
afterAll(async () => {
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});

it('lists and removes the passkeys of the own account', async () => {
  const { id, email, secret } = await api.account('owner@example.org', []);
  const account = await api.admins.account(id);
  const passkey = createPasskey({ origin: api.localUrl });
  const { token, options } = await api.admins.passkeyOptions(account, 'sign-in');
  const response = passkey.registration(options.challenge);
  await api.admins.registerPasskey(account, newPasskey.parse({ token, name: 'Security key', response }));
  await api.admins.newRecoveryCodes(account);

  const password = join(folder, 'password');
  writeFileSync(password, PASSWORD, { mode: 0o600 });
  const environment = { XDG_CONFIG_HOME: folder, CORDON_SERVER: api.url, CORDON_TOTP_SECRET: secret };
  const cordon = (...args: string[]) => runInProcess(args, environment);
  expect((await cordon('sign-in', email, '--password-file', password)).err).toBe('');
  const listed = await cordon('passkeys', 'list');
  expect(listed.out).toMatch(/^id .*\npsk_[a-z2-7]{16} +Security key +sign-in +localhost /);
  expect(listed.out).toContain('Unused recovery codes: 10\n');
  const [one] = (await cordon('passkeys', 'list', '--json')).json().passkeys;
  expect((await cordon('passkeys', 'remove', one.id)).out).toBe('Removed.\n');
  expect((await cordon('passkeys', 'remove', one.id)).code).toBe(EXIT.notFound);
  expect((await cordon('passkeys', 'list', '--json')).json().passkeys).toEqual([]);
});
