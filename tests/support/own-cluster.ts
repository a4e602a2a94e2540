/**
 * A PostgreSQL cluster for one test, behind a cable that the test can cut. A Unix socket reaches the cluster without the cable. Requires
 * Debian and root. PostgreSQL refuses to run as root, so it runs as the user `postgres`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type CutNetwork, cutNetworks } from './cut-network.ts';
import { needed } from './tools.ts';
import { until } from './until.ts';

const VERSIONS = '/usr/lib/postgresql';
const version = existsSync(VERSIONS) ? readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a))[0] : undefined;

/** For `describe.skipIf(!ownCluster.present)`. */
export const ownCluster = needed('the programs of PostgreSQL', 'apt install postgresql', version !== undefined);

const PORT = 5432;
const AS_POSTGRES = ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'];

export interface OwnCluster {
  /** URL of the database over the cable. */
  readonly url: string;
  /** URL of the same database over the Unix socket. */
  readonly past: string;
  /** Runs one statement over the Unix socket. */
  query(statement: string): Promise<Record<string, unknown>[]>;
  /** Opens a connection over the Unix socket. The caller closes it. */
  connect(): Promise<pg.Client>;
  remove(): Promise<void>;
}

export async function startCluster(network: CutNetwork): Promise<OwnCluster> {
  if (!cutNetworks.present || version === undefined) throw new Error('this machine cannot run it');
  const bin = (program: string) => join(VERSIONS, version, 'bin', program);
  const folder = mkdtempSync(join(tmpdir(), 'cordon-pg-'));
  const data = join(folder, 'data');
  chmodSync(folder, 0o755);
  execFileSync('install', ['-d', '-o', 'postgres', '-m', '700', data]);
  const [drop = '', ...asPostgres] = AS_POSTGRES;
  execFileSync(drop, [...asPostgres, bin('initdb'), '-D', data, '-A', 'trust', '-N', '-U', 'postgres'], {
    stdio: 'ignore',
  });
  writeFileSync(join(data, 'pg_hba.conf'), 'local all all trust\nhost all all samenet trust\n');
  const options = { fsync: 'off', listen_addresses: network.far, unix_socket_directories: data, max_connections: 50 };
  const [enter = '', ...inside] = network.inside;
  const settings = Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(enter, [...inside, ...AS_POSTGRES, bin('postgres'), '-D', data, ...settings], {
    stdio: 'ignore',
  });
  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({ host: data, port: PORT, user: 'postgres', database: 'postgres' });
    // A stopped cluster ends its connections.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  const cluster: OwnCluster = {
    url: `postgres://postgres@${network.far}:${PORT}/postgres`,
    past: `postgres://postgres@localhost:${PORT}/postgres?host=${encodeURIComponent(data)}`,
    connect,
    async query(statement) {
      const client = await connect();
      try {
        return (await client.query(statement)).rows;
      } finally {
        await client.end();
      }
    },
    async remove() {
      if (server.exitCode === null && server.signalCode === null) {
        const ended = once(server, 'exit');
        // Mode `immediate` does not wait for sessions.
        server.kill('SIGQUIT');
        await ended;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await until(() => cluster.query('select 1'), 30_000);
    return cluster;
  } catch (error) {
    await cluster.remove();
    throw error;
  }
}
