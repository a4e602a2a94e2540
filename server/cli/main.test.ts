/** `cordon` on the real API and store: output, stored files and exit codes. */
import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStream, temporaryIdentity } from '../../shared/age/stream.ts';
import { ERROR_CODES } from '../../shared/errors.ts';
import { EXIT, EXIT_CODES } from '../../shared/exit-codes.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { runInProcess } from '../../tests/support/in-process-cli.ts';
import { readTar } from '../recovery/tar.ts';
import { table } from './output.ts';

let api: ApiServer;
let folder: string;
let secret: string;
const password = 'a long enough password';

beforeAll(async () => {
  api = await startApi();
  folder = mkdtempSync(join(tmpdir(), 'cordon-cli-'));
  writeFileSync(join(folder, 'password'), `${password}\n`, { mode: 0o600 });
});
afterAll(async () => {
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});

function cordon(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return runInProcess(args, { XDG_CONFIG_HOME: folder, CORDON_SERVER: api.url, ...env });
}

it('creates the first owner from the link and signs in, without a terminal', async () => {
  const token = await api.admins.firstOwnerInvitation();
  // The token also works alone. It never looks like an option.
  expect(token).toMatch(/^[a-z2-7]{52}$/);
  // As an argument, the link would cause a warning.
  const link = ['--link-file', join(folder, 'link')];
  writeFileSync(join(folder, 'link'), `${api.url}/#invitation=${token}\n`, { mode: 0o600 });
  const file = ['--password-file', join(folder, 'password')];
  const set = await cordon(['setup', ...link, '--email', 'a@example.org', '--name', 'Amina', ...file, '--json']);
  expect([set.code, set.err]).toEqual([0, '']);
  secret = set.json().totpSecret;
  expect((await cordon(['setup', ...link, '--email', 'b@example.org', ...file])).code).toBe(EXIT.signIn);
  expect((await cordon(['devices', 'list'])).code).toBe(EXIT.signIn);
  const signed = await cordon(['sign-in', 'a@example.org', ...file, '--totp', api.code(secret)]);
  expect([signed.code, signed.err]).toEqual([0, '']);
  expect(statSync(join(folder, 'cordon', 'cli.json')).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(folder, 'cordon', 'cli.json'), 'utf8')).not.toContain(password);
});

it('manages accounts, groups, tokens and keys with that session', async () => {
  const added = (await cordon(['accounts', 'add', 'h@example.org', 'Help', '--role', 'helpdesk', '--json'])).json();
  expect(added.link).toContain('#invitation=');
  const group = (await cordon(['groups', 'add', 'Lahore', '--home', 'PK'])).out.trim();
  expect(group).toMatch(/^grp_/);
  const granted = await cordon(['accounts', 'grant', added.account.id, 'helpdesk', '--group', group]);
  expect(granted.out).toContain(`helpdesk:${group}`);
  const both = ['--group', group, '--area', 'PK'];
  const fleet = await cordon(['accounts', 'grant', added.account.id, 'fleet', ...both]);
  expect(fleet.out).toContain(`fleet:${group}:PK`);
  const until = ['--until', '2099-01-01T00:00:00Z'];
  const silent = await cordon(['devices', 'update', 'dev_aaaaaaaaaaaaaaaa', '--statement', 'PK', ...until]);
  expect([silent.code, silent.err]).toEqual([EXIT.usage, expect.stringContaining('--reason')]);
  const bad = await cordon(['accounts', 'grant', added.account.id, 'helpdesk', '--area', 'pk']);
  expect([bad.code, bad.err]).toEqual([EXIT.usage, expect.stringContaining('PK')]);
  expect((await cordon(['groups', 'add', 'Nowhere', '--home', 'pk'])).err).toContain('[unknown_area]');

  const token = (await cordon(['tokens', 'create', 'script'])).out.trim();
  const asToken = { XDG_CONFIG_HOME: join(folder, 'empty'), CORDON_TOKEN: token };
  expect((await cordon(['groups', 'list', '--json'], asToken)).json()[0].name).toBe('Lahore');

  const key = join(folder, 'approver.pem');
  const passphrase = { CORDON_KEY_PASSPHRASE: 'a passphrase for the key' };
  const made = (await cordon(['key', 'create', key, '--json'], passphrase)).json();
  expect(statSync(key).mode & 0o777).toBe(0o600);
  expect(readFileSync(key, 'utf8')).toContain('ENCRYPTED');
  expect((await cordon(['key', 'create', key], passphrase)).code).toBe(EXIT.conflict);
  const registered = (await cordon(['key', 'register', '--key', key, '--json'], passphrase)).json();
  expect(registered.keyid).toBe(made.keyid);
  const wrong = await cordon(['key', 'register', '--key', key], { CORDON_KEY_PASSPHRASE: 'some other passphrase' });
  expect([wrong.code, wrong.err]).toEqual([EXIT.signIn, expect.stringContaining('[passphrase_wrong]')]);
});

it('lists sessions and tokens, and ends them', async () => {
  const [own] = (await cordon(['sessions', 'list', '--json'])).json();
  expect(own).toMatchObject({ current: true, address: '127.0.0.1' });
  const { sessions, tokens } = (await cordon(['sessions', 'list', '--all', '--json'])).json();
  expect([sessions.length, tokens[0].name]).toEqual([1, 'script']);
  expect((await cordon(['sessions', 'list', '--all'])).out).toContain('this session');
  expect((await cordon(['sessions', 'end', tokens[0].id])).out).toBe('Ended.\n');
  expect((await cordon(['sessions', 'end', tokens[0].id])).code).toBe(EXIT.notFound);
  expect((await cordon(['sessions', 'list', '--all', '--json'])).json().tokens).toEqual([]);
  const [account] = (await cordon(['accounts', 'list', '--json']))
    .json()
    .filter(({ name }: { name: string }) => name === 'Help');
  expect((await cordon(['accounts', 'sign-out', account.id])).out).toBe('Ended 0 sessions and 0 tokens.\n');
});

it('writes a backup to a new file with mode 0600, and overwrites no file', async () => {
  const { identity, recipient } = await temporaryIdentity();
  const file = join(folder, 'backup.age');
  const none = await cordon(['backup', file]);
  expect([none.code, none.err]).toEqual([EXIT.conflict, expect.stringContaining('CORDON_BACKUP_RECIPIENT')]);
  expect((await cordon(['backup', file, '--recipient', recipient])).code).toBe(0);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const size = statSync(file).size;
  expect((await cordon(['backup', file, '--recipient', recipient])).code).toBe(EXIT.conflict);
  expect(statSync(file).size).toBe(size);
  const names: string[] = [];
  for await (const { name } of readTar(await openStream(createReadStream(file), { identity }))) names.push(name);
  expect(names.at(-1)).toBe('manifest.json');
  expect(names).toContain('keys/custody.json');

  const passphrase = join(folder, 'backup-passphrase');
  writeFileSync(passphrase, 'a passphrase of an admin\n');
  const other = join(folder, 'by-passphrase.age');
  expect((await cordon(['backup', other, '--passphrase-file', passphrase])).code).toBe(0);
  const opened = await openStream(createReadStream(other), { passphrase: 'a passphrase of an admin' });
  expect((await readTar(opened).next()).value?.name).toMatch(/^store\//);
  await expect(openStream(createReadStream(other), { passphrase: 'another passphrase' })).rejects.toMatchObject({
    code: 'passphrase_wrong',
  });
});

it('reads the ledger', async () => {
  await api.ledger.sequence();
  const { out } = await cordon(['ledger', 'checkpoint']);
  expect(out).toContain('cordon/test');
  expect((await cordon(['ledger', 'entries', '--json'])).json()[0].entry.kind).toBe('role.granted');
});

it('sends a session only to the server that created it', async () => {
  const other = await startApi();
  try {
    expect((await cordon(['--server', other.url, 'groups', 'list'])).code).toBe(EXIT.signIn);
    const { err } = await cordon(['--server', 'http://127.0.0.1:1', 'groups', 'list']);
    expect(err).toMatch(/^cordon: Cannot reach .*--server\. \[unavailable\]\n$/);
  } finally {
    await other.close();
  }
});

it('fails in one line, or as JSON', async () => {
  const missing = await cordon(['devices', 'show', 'dev_aaaaaaaaaaaaaaaa']);
  expect([missing.code, missing.out]).toEqual([EXIT.notFound, '']);
  expect(missing.err.trim().split('\n')).toHaveLength(1);
  const json = await cordon(['devices', 'show', 'dev_aaaaaaaaaaaaaaaa', '--json']);
  expect(JSON.parse(json.err).code).toBe('not_found');
  expect((await cordon(['devices', 'list', '--bogus'])).code).toBe(EXIT.usage);
  expect((await cordon(['--help'])).code).toBe(0);
});

it('names all missing options at once', async () => {
  const { code, err } = await cordon(['time-correction', 'create', join(folder, 'correction.json')]);
  expect(code).toBe(EXIT.usage);
  expect(err.trim().split('\n')).toEqual([
    "error: required option '--from <time>' not specified",
    "error: required option '--until <time>' not specified",
    "error: required option '--reason <reason>' not specified",
  ]);
});

it('case 51: an error from the server cannot control the terminal', async () => {
  const problem = {
    type: 'about:blank',
    title: 'x',
    status: 404,
    code: 'not_found',
    detail: 'no\u001b[2J \u202eevil\r\nroot',
  };
  const liar = createServer((_, response) => response.writeHead(404).end(JSON.stringify(problem)));
  await new Promise<void>((listening) => liar.listen(0, '127.0.0.1', listening));
  const { port } = liar.address() as AddressInfo;
  const { code, err } = await cordon(['--server', `http://127.0.0.1:${port}`, 'groups', 'list'], { CORDON_TOKEN: 'x' });
  liar.close();
  expect(code).toBe(EXIT.notFound);
  expect(err.trimEnd()).not.toMatch(/[\p{Cc}\u202e]/u);
  expect(err).toMatch(/evil.*\[not_found\]\n$/);
});

it('signs out and deletes the session', async () => {
  expect((await cordon(['sign-out'])).code).toBe(0);
  expect((await cordon(['groups', 'list'])).code).toBe(EXIT.signIn);
});

it('maps no error to exit code 0', () => {
  expect(ERROR_CODES.filter((code) => EXIT_CODES[code] < 1)).toEqual([]);
});

it('case 51: a name cannot control the terminal', () => {
  const shown = table(['name'], [['\u001b[2J\u001b]0;owned\u0007 \u202eevil\r\nroot ok']]).join('|');
  expect(shown).not.toMatch(/[\p{Cc}\u202e]/u);
  expect(shown).toContain('evil');
});
