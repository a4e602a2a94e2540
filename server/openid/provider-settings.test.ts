import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readProviderSettings } from './provider-settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'cordon-openid-settings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const VALID = {
  name: 'Directory',
  issuer: 'https://login.example.org/tenant',
  clientId: 'cordon',
  roles: [{ providerGroup: 'desk', role: 'helpdesk', area: 'FR' }],
};
function read(changed: object | string, secret: { secret?: string; secretFile?: string } = {}) {
  const file = join(folder, 'provider.json');
  writeFileSync(file, typeof changed === 'string' ? changed : JSON.stringify({ ...VALID, ...changed }));
  return readProviderSettings({ file, secret: secret.secret ?? null, secretFile: secret.secretFile ?? null });
}

it('reads a file, with defaults for the optional fields', () => {
  expect(read({})).toEqual({
    ...VALID,
    roles: [{ providerGroup: 'desk', role: 'helpdesk', group: null, area: 'FR' }],
    scopes: ['openid', 'profile', 'email'],
    groupsClaim: 'groups',
    onlyProvider: false,
    clientSecret: null,
  });
});

it('reads the secret from a private file, without its line end', () => {
  const secretFile = join(folder, 'secret');
  writeFileSync(secretFile, 'hunter2\n', { mode: 0o600 });
  expect(read({}, { secretFile }).clientSecret).toBe('hunter2');
  const open = join(folder, 'open');
  writeFileSync(open, 'hunter2', { mode: 0o644 });
  expect(() => read({}, { secretFile: open })).toThrow(/chmod 600/);
  expect(() => read({}, { secretFile: join(folder, 'none') })).toThrow(/CORDON_OIDC_CLIENT_SECRET_FILE|no such file/);
});

it.each([
  ['http://127.0.0.1:4000', true],
  ['http://localhost:4000', true],
  ['http://[::1]:4000', true],
  ['https://login.example.org', true],
  ['http://login.example.org', false],
  ['http://127.0.0.1.example.org', false],
  ['https://login.example.org/?tenant=1', false],
  ['https://user:password@login.example.org', false],
  ['login.example.org', false],
])('the issuer %s is valid: %s', (issuer, valid) => {
  if (valid) expect(read({ issuer }).issuer).toBe(issuer);
  else expect(() => read({ issuer })).toThrow(/\(issuer: must be an https:/);
});

it.each<[string, object | string, RegExp]>([
  ['no JSON', '{', /CORDON_OIDC_FILE: .*provider\.json is not a valid description/],
  ['an unknown field', { issuers: [] }, /issuers/],
  ['no role', { roles: [] }, /\(roles: /],
  ['an unknown role', { roles: [{ providerGroup: 'a', role: 'king' }] }, /\(roles\.0\.role: /],
  ['an unknown area', { roles: [{ providerGroup: 'a', role: 'legal', area: 'Atlantis' }] }, /Atlantis/],
  ['a misspelled group', { roles: [{ group: 'a', role: 'legal' }] }, /\(roles\.0\./],
  ['scopes without openid', { scopes: ['email'] }, /must contain openid/],
])('refuses %s, and names it', (_what, changed, message) => {
  expect(() => read(changed)).toThrow(message);
});
