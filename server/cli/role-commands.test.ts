/** `cordon roles` over the real API, with the session of an owner and the token of a new admin. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PASSWORD } from '../../tests/support/api-client.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { runInProcess } from '../../tests/support/in-process-cli.ts';

let api: ApiServer;
let folder: string;
let admin: string;

beforeAll(async () => {
  api = await startApi();
  folder = mkdtempSync(join(tmpdir(), 'cordon-roles-'));
  const owner = await api.account('owner@example.org', []);
  admin = (await api.account('pia@example.org', [])).id;
  writeFileSync(join(folder, 'password'), `${PASSWORD}\n`, { mode: 0o600 });
  await cordon('sign-in', owner.email, '--password-file', join(folder, 'password'), '--totp', api.code(owner.secret));
});
afterAll(async () => {
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});

const cordon = (...args: string[]) => runInProcess(args, { XDG_CONFIG_HOME: folder, CORDON_SERVER: api.url });

it('creates, grants, shows, changes and deletes a role by its name', async () => {
  const rights = await cordon('roles', 'rights', '--role', 'helpdesk');
  expect(rights.out).toMatch(/commands\.issue {2,}Send commands that destroy nothing to one device\. {2,}owner fleet/);
  expect(rights.out).not.toContain('devices.revoke');
  const made = await cordon('roles', 'create', 'Partner', '--right', 'devices.list', 'devices.show');
  expect([made.err, made.out]).toEqual(['', expect.stringMatching(/^rol_[a-z2-7]{16}: Partner\n$/)]);
  expect((await cordon('roles', 'create', 'Boss', '--right', 'grants.create')).err).toContain('Only an owner');
  expect((await cordon('roles', 'list')).out).toMatch(/Partner +1 +2/);

  expect((await cordon('accounts', 'grant', admin, 'partner', '--area', 'FR')).out).toContain('Partner:FR');
  expect((await cordon('accounts', 'grant', admin, 'Stranger')).err).toContain('no role Stranger');
  const token = await cordon('tokens', 'create', 'report', '--role', 'Partner');
  expect([token.err, token.out]).toEqual(['', expect.stringMatching(/^cordon_/)]);

  const changed = await cordon('roles', 'change', 'Partner', '--add', 'devices.inventory', '--remove', 'devices.show');
  expect(changed.out).toContain('version 2');
  const shown = (await cordon('roles', 'show', 'Partner')).out;
  expect(shown).toMatch(/devices\.inventory +Read the hardware/);
  expect(shown).not.toMatch(/devices\.show/);
  expect(shown).toMatch(/account +acc_\w+ +pia@example.org +FR +owner/);
  expect(shown).toMatch(/token +tok_\w+ +report/);
  expect((await cordon('roles', 'delete', 'Partner')).err).toMatch(/in use: the account pia@example.org/);

  await cordon('accounts', 'revoke', admin, 'Partner', '--area', 'FR');
  const [id] = /tok_[a-z2-7]{16}/.exec(shown) ?? [''];
  await cordon('tokens', 'delete', id);
  expect((await cordon('roles', 'delete', 'Partner')).out).toBe('Deleted.\n');
  expect((await cordon('roles', 'list')).out).toBe('(none)\n');
});
