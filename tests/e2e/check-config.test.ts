/** `cordon check-config` finds all problems that would stop a start, and changes nothing. */
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { programPath } from '../support/programs.ts';
import { runProgram } from '../support/run-program.ts';
import { startServerProcess } from '../support/server-process.ts';

const ENTRY = programPath('server/cordon.js');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-check-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const check = (env: Record<string, string>, ...args: string[]) =>
  runProgram(process.execPath, [ENTRY, 'check-config', ...args], { env });
const problems = (out: string) => out.split('\n').filter((line) => line.startsWith('PROBLEM'));

it('announces the actions of a first start, and performs none of them', async () => {
  const env = {
    CORDON_HOME: join(folder, 'home'),
    CORDON_PASSPHRASE_FILE: join(folder, 'passphrase'),
    CORDON_DEVICE_PORT: '0',
    CORDON_PUBLIC_PORT: '0',
    CORDON_ADMIN_PORT: '0',
  };
  const { code, out, err } = await check(env);
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/data folder .*home will be created/);
  expect(out).toMatch(/will create keys, and a passphrase in .*passphrase\./);
  expect(out).toMatch(/will create the database .*cordon\.db/);
  expect(out).toMatch(/\nThe server can start\.\n$/);
  expect(readdirSync(folder)).toEqual([]);
});

it('warns of a mail server that does not respond, with which the server can still start', async () => {
  const env = {
    CORDON_HOME: join(folder, 'home'),
    CORDON_PASSPHRASE_FILE: join(folder, 'passphrase'),
    CORDON_MAIL_URL: `smtp://cordon:hunter2@127.0.0.1:${await freePort()}`,
    CORDON_MAIL_FROM: 'cordon@example.org',
  };
  const { code, out } = await check(env, '--no-ports');
  expect(code).toBe(0);
  expect(out).toMatch(/^WARNING {2}The mail server 127\.0\.0\.1:\d+ refused the connection\..* sends no mail until/m);
  expect(out).toContain('The server can start.');
  const wrong = await check({ ...env, CORDON_MAIL_URL: 'imap://cordon:hunter2@mail.example.org' }, '--no-ports');
  expect(problems(wrong.out)).toEqual([expect.stringMatching(/CORDON_MAIL_URL must be a URL such as smtp:/)]);
  expect(out + wrong.out).not.toContain('hunter2');
});

it('checks the file of the identity provider, and warns if the provider does not respond', async () => {
  const file = join(folder, 'provider.json');
  const settings = { name: 'Directory', issuer: `http://127.0.0.1:${await freePort()}`, clientId: 'cordon' };
  const write = (roles: object[]) => writeFileSync(file, JSON.stringify({ ...settings, roles }));
  const env = {
    CORDON_HOME: join(folder, 'home'),
    CORDON_PASSPHRASE_FILE: join(folder, 'passphrase'),
    CORDON_ADMIN_URL: 'http://localhost:8445',
    CORDON_OIDC_FILE: file,
    CORDON_OIDC_CLIENT_SECRET: 'hunter2',
  };
  write([{ providerGroup: 'desk', role: 'helpdesk' }]);
  const { code, out } = await check(env, '--no-ports');
  expect(code).toBe(0);
  expect(out).toMatch(/redirect URI there: http:\/\/localhost:8445\/sign-in\/provider$/m);
  expect(out).toMatch(/^WARNING {2}Directory does not respond correctly/m);
  write([{ providerGroup: 'desk', role: 'king' }]);
  const wrong = await check(env, '--no-ports');
  expect(problems(wrong.out)).toEqual([expect.stringMatching(/CORDON_OIDC_FILE: .*\(roles\.0\.role: /)]);
  const alone = await check({ CORDON_HOME: env.CORDON_HOME, CORDON_OIDC_CLIENT_SECRET: 'hunter2' }, '--no-ports');
  expect(problems(alone.out)).toEqual([expect.stringMatching(/CORDON_OIDC_FILE is not set/)]);
  expect(out + wrong.out + alone.out).not.toContain('hunter2');
});

it('reports every misspelled and invalid variable, with or without JSON', async () => {
  const env = { [`CORDON_${'HOEM'}`]: 'x', CORDON_DEVICE_PORT: 'x' };
  const { code, out } = await check(env);
  expect(code).toBe(1);
  expect(problems(out)).toHaveLength(2);
  expect(JSON.parse((await check(env, '--json')).out)).toMatchObject({ problems: 2 });
});

it('reports a running server as information, and damaged keys, a wrong passphrase and a missing database as problems', async () => {
  const server = await startServerProcess();
  const port = (url: string) => new URL(url).port;
  const env = {
    CORDON_HOME: server.home,
    CORDON_PASSPHRASE_FILE: join(server.home, '../passphrase'),
    CORDON_BIND: '127.0.0.1',
    CORDON_DEVICE_PORT: port(server.device),
    CORDON_PUBLIC_PORT: port(server.public),
    CORDON_ADMIN_PORT: port(server.admin),
  };
  try {
    const running = await check(env);
    expect([running.code, problems(running.out), running.err]).toEqual([0, [], '']);
    expect(running.out).toMatch(/^ok +A server is running on this store \(process \d+ on host /m);
    expect(running.out.match(/^ok +The port \d+ for .* is in use, as expected while a server runs\.$/gm)).toHaveLength(
      3,
    );
    expect(running.out).toMatch(/\nThe configuration is valid, and a server runs with this store\.\n$/);
    expect(JSON.parse((await check(env, '--json')).out)).toMatchObject({ problems: 0, running: true });
    const spoiled = await check({ ...env, CORDON_PASSPHRASE: 'another passphrase' });
    expect([spoiled.code, problems(spoiled.out)]).toEqual([1, [expect.stringContaining('cannot decrypt')]]);
    await server.stop();
    const other = createServer().listen(Number(port(server.device)), '127.0.0.1');
    await once(other, 'listening');
    const taken = await check(env);
    other.close();
    expect([taken.code, problems(taken.out)]).toEqual([
      1,
      [expect.stringMatching(/Another program uses port .* or set CORDON_DEVICE_PORT/)],
    ]);
    expect(await check(env)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/decrypts the 5 keys[\s\S]*belong to it/),
    });

    expect(problems((await check({ ...env, CORDON_PASSPHRASE: 'another passphrase' })).out)).toEqual([
      expect.stringContaining('The passphrase cannot decrypt'),
    ]);
    chmodSync(join(server.home, 'keys/online.key'), 0o644);
    writeFileSync(join(folder, 'admin.crt'), 'no certificate');
    const admin = { CORDON_ADMIN_CERTIFICATE: join(folder, 'admin.crt'), CORDON_ADMIN_KEY: join(folder, 'admin.key') };
    expect(problems((await check({ ...env, ...admin })).out)).toEqual([
      expect.stringContaining('online.key has mode 0644'),
      expect.stringContaining('admin.key does not exist'),
    ]);
    for (const name of ['cordon.db', 'cordon.db-wal', 'cordon.db-shm'])
      rmSync(join(server.home, name), { force: true });
    chmodSync(join(server.home, 'keys/online.key'), 0o600);
    expect(problems((await check(env)).out)).toEqual([
      expect.stringMatching(/cordon\.db is empty\. Nothing was changed/),
    ]);
    expect(existsSync(join(server.home, 'cordon.db'))).toBe(false);
  } finally {
    await server.remove();
  }
});
