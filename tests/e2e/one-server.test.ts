/** Exclusive use of a store: a second server is refused before it changes anything, and a server that loses its lock stops. */
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, expect, it } from 'vitest';
import { openWorld, type World } from '../support/e2e-world.ts';
import { type DatabaseUnderTest, describeOnEachDatabase } from '../support/each-database.ts';
import { freePort } from '../support/free-port.ts';
import { programPath } from '../support/programs.ts';
import { runProgram } from '../support/run-program.ts';
import { until } from '../support/until.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function worldOn(env: Record<string, string>): Promise<World> {
  const world = await openWorld(env);
  closing.push(world.remove);
  return world;
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-second-'));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a server that is expected to end by itself. */
const secondServer = (env: Record<string, string>) =>
  runProgram(process.execPath, [programPath('server/start.js')], { env, within: 60_000 });

const otherPorts = async () => ({
  CORDON_DEVICE_PORT: String(await freePort()),
  CORDON_PUBLIC_PORT: String(await freePort()),
  CORDON_ADMIN_PORT: String(await freePort()),
});

describeOnEachDatabase('a second server', (database: DatabaseUnderTest) => {
  it('on the same store is refused, names the first server, and does not change device presence', async () => {
    const env = await database.env();
    const { server, enrolled, device } = await worldOn(env);
    const agent = await enrolled();
    agent.run();
    await agent.connected();

    // On other ports, as on another machine. On PostgreSQL, also with a copy of the keys.
    const home = database.kind === 'sqlite' ? server.home : newFolder();
    if (database.kind === 'postgres') cpSync(join(server.home, 'keys'), join(home, 'keys'), { recursive: true });
    const beside = await secondServer({ ...server.env, ...(await otherPorts()), CORDON_HOME: home });
    expect(beside.code).not.toBe(0);
    expect(beside.err).toMatch(
      new RegExp(
        `Another Cordon server uses this database: process ${server.process.pid} on host ${hostname()}, since 2\\S+Z\\.`,
      ),
    );
    expect(beside.err).toMatch(/Stop that server first, or give this server a database of its own\./);

    // The same start again.
    const again = await secondServer({ ...server.env });
    expect(again.code).not.toBe(0);
    expect(again.err).toMatch(/Another Cordon server uses this database/);

    expect((await device(agent.device)).presence).toMatchObject({ connected: true });
    expect(agent.linkState).toBe('connected');

    // The lock ends with its process, even after kill -9.
    await server.kill();
    await server.start();
    await agent.connected(60_000);
  }, 240_000);

  it('on the same ports is refused before it has written anything', async () => {
    const { server } = await worldOn(await database.env());
    const home = newFolder();
    const env = await database.env();
    const refused = await secondServer({ ...server.env, ...env, CORDON_HOME: home });
    expect(refused.code).not.toBe(0);
    expect(refused.err).toMatch(
      /cannot listen on port \d+ of 127\.0\.0\.1 \(CORDON_PUBLIC_PORT\): another process uses this port/,
    );
    expect(readdirSync(home).filter((name) => name !== 'cordon.lock')).toEqual([]);
    if (database.kind === 'postgres') {
      expect(await database.query(env, home, "select * from pg_tables where schemaname = 'public'")).toEqual([]);
    }
  }, 120_000);

  // A lock on a file cannot be lost while its process runs.
  if (database.kind !== 'postgres') return;
  it('the first server takes a lost lock again, and stops once another server has taken the lock', async () => {
    const env = await database.env();
    const { server, operator } = await worldOn(env);
    const client = new pg.Client(env['CORDON_DATABASE_URL']);
    await client.connect();
    closing.push(() => client.end());
    const holder = async (): Promise<number | null> => {
      const { rows } = await client.query(
        `select pid from pg_locks where locktype = 'advisory' and granted and pid <> pg_backend_pid()
             and database = (select oid from pg_database where datname = current_database())`,
      );
      return rows[0]?.pid ?? null;
    };
    const first = await holder();
    expect(first).not.toBeNull();
    await client.query('select pg_terminate_backend($1)', [first]);
    await until(async () => {
      const now = await holder();
      expect(now).not.toBeNull();
      expect(now).not.toBe(first);
    });
    await until(() => operator.group('after the loss'));

    // Another server waits for the lock, and gets it when the first server's connection is cut.
    const ended = once(server.process, 'exit');
    const { rows } = await client.query('select classid::int8, objid::int8 from pg_locks where locktype = $1', [
      'advisory',
    ]);
    const other = new pg.Client(env['CORDON_DATABASE_URL']);
    await other.connect();
    closing.push(() => other.end());
    const taken = other.query('select pg_advisory_lock($1, $2)', [rows[0].classid, rows[0].objid]);
    await until(async () => {
      const waiting = await client.query("select 1 from pg_locks where locktype = 'advisory' and not granted");
      expect(waiting.rowCount).toBe(1);
    });
    await client.query('select pg_terminate_backend($1)', [await holder()]);
    await taken;
    expect((await ended)[0]).toBe(1);
    expect(server.output()).toMatch(/Another Cordon server uses this database/);
  }, 120_000);
});
