/**
 * A PostgreSQL cluster for one test that requires a password from every user. The server of `CORDON_TEST_DATABASE_URL` may trust all users,
 * and a test must not change its settings. PostgreSQL refuses to run as root, so it runs as Debian's user `postgres`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from './free-port.ts';
import { needed } from './tools.ts';
import { until } from './until.ts';

const VERSIONS = '/usr/lib/postgresql';
const version = existsSync(VERSIONS) ? readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a))[0] : undefined;

/** For `it.skipIf(!passwordPostgres.present)`. */
export const passwordPostgres = needed('the programs of PostgreSQL', 'apt install postgresql', version !== undefined);

export interface PasswordPostgres {
  /** URL with the right password of the user `cordon`. */
  readonly url: string;
  remove(): Promise<void>;
}

export async function startPasswordPostgres(password: string): Promise<PasswordPostgres> {
  const bin = (program: string) => join(VERSIONS, version ?? '', 'bin', program);
  const folder = mkdtempSync(join(tmpdir(), 'cordon-pg-password-'));
  const secret = join(folder, 'password');
  writeFileSync(secret, `${password}\n`);
  const asUser = process.getuid?.() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] : [];
  if (asUser.length > 0) execFileSync('chown', ['-R', 'postgres:', folder]);
  const run = (program: string, args: readonly string[]) => {
    const [first = '', ...rest] = [...asUser, bin(program), ...args];
    return [first, rest] as const;
  };
  const data = join(folder, 'data');
  const made = ['-D', data, '-U', 'cordon', '-A', 'scram-sha-256', '--pwfile', secret, '-N'];
  execFileSync(...run('initdb', made), { stdio: 'ignore' });
  const port = await freePort();
  const settings = ['fsync=off', 'listen_addresses=127.0.0.1', `port=${port}`, `unix_socket_directories=${folder}`];
  const server = spawn(...run('postgres', ['-D', data, ...settings.flatMap((setting) => ['-c', setting])]), {
    stdio: 'ignore',
  });
  const url = `postgres://cordon:${password}@127.0.0.1:${port}/postgres`;
  const remove = async () => {
    if (server.exitCode === null && server.signalCode === null) {
      const ended = once(server, 'exit');
      // Mode `immediate` does not wait for sessions.
      server.kill('SIGQUIT');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await until(async () => {
      const client = new pg.Client(url);
      await client.connect();
      await client.end();
    }, 30_000);
    return { url, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
