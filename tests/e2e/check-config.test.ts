/** `cordon check-config` finds what would stop a start, all of it at once, and leaves no trace. */
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runProgram } from '../support/run-program.ts';
import { startServerProcess } from '../support/server-process.ts';

const ENTRY = join(import.meta.dirname, '../../server/cordon.js');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-check-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const check = (env: Record<string, string>, ...args: string[]) =>
  runProgram(process.execPath, [ENTRY, 'check-config', ...args], { env });
const problems = (out: string) => out.split('\n').filter((line) => line.startsWith('PROBLEM'));

it('says before the first start what the first start will do, and does none of it', async () => {
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

it('reports every misspelled and invalid variable, with or without JSON', async () => {
  const env = { [`CORDON_${'HOEM'}`]: 'x', CORDON_DEVICE_PORT: 'x' };
  const { code, out } = await check(env);
  expect(code).toBe(1);
  expect(problems(out)).toHaveLength(2);
  expect(JSON.parse((await check(env, '--json')).out)).toMatchObject({ problems: 2 });
});

it('sees a running server’s ports, damaged keys, a wrong passphrase and a database that is gone', async () => {
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
    expect(problems(running.out)).toEqual([
      expect.stringContaining('Another Cordon server uses this database'),
      expect.stringMatching(/Another program uses port .* or set CORDON_DEVICE_PORT/),
      expect.stringMatching(/CORDON_PUBLIC_PORT/),
      expect.stringMatching(/CORDON_ADMIN_PORT/),
    ]);
    await server.stop();
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
