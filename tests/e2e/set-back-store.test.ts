/**
 * A database that was set back outside of `cordon restore`: as a copied file on SQLite, and as an older copy of the database on PostgreSQL.
 * The server refuses it before its first write, and starts with it after `cordon accept-rollback`.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { z } from 'zod';
import { readCrl } from '../../certs/read-crl.ts';
import { readMark } from '../../server/startup/high-water-mark.ts';
import { orderList } from '../../shared/api/orders.ts';
import { overviewView } from '../../shared/api/overview.ts';
import { recoveryView } from '../../shared/api/recovery.ts';
import { createdToken } from '../../shared/api/session.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { type DatabaseUnderTest, describeOnEachDatabase } from '../support/each-database.ts';
import { callerOf, signIn } from '../support/people.ts';
import { programPath } from '../support/programs.ts';
import { failingLists, unreadablePaths } from '../support/read-everything.ts';
import { runProgram } from '../support/run-program.ts';
import { until } from '../support/until.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const CORDON = programPath('server/cordon.js');
const KILLS = Number(process.env['CORDON_FAULTS'] ?? 4);
const TABLES = ['ledger_entries', 'checkpoints', 'certificates', 'crls', 'order_lists', 'meta', 'commands', 'alerts'];

const pem = (home: string, name: string) => readFileSync(join(home, 'keys', name), 'utf8');
const derOf = (text: string) => Buffer.from(text.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');

function published({ server }: World, path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    get(`${server.public}${path}`, { ca: pem(server.home, 'root.crt') }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks)));
      response.on('error', reject);
    }).on('error', reject);
  });
}

const crlOf = async (world: World) =>
  readCrl(await published(world, '/crl/issuing.crl'), derOf(pem(world.server.home, 'issuing.crt')));

const markFiles = (home: string) => [
  join(home, 'keys', 'high-water.mark'),
  join(home, 'person-keys', 'high-water.mark'),
];

function markOf(home: string) {
  const [stored] = markFiles(home).map(readMark);
  if (!stored) throw new Error('there is no high-water mark');
  return stored.mark.heights;
}

describeOnEachDatabase('a database that was set back', (database: DatabaseUnderTest) => {
  const stateOf = async (env: Record<string, string>, home: string) => ({
    marks: markFiles(home).map((file) => createHash('sha256').update(readFileSync(file)).digest('hex')),
    rows: await Promise.all(TABLES.map((table) => database.query(env, home, `select count(*) as rows from ${table}`))),
    meta: await database.query(env, home, 'select * from meta order by key'),
  });

  it('is refused without a write, and the server starts with it after "cordon accept-rollback"', async () => {
    const env = await database.env();
    const world = await openWorld(env);
    closing.push(world.remove);
    const { server, operator } = world;
    const { home } = server;
    const [stays, revoked] = [await world.enrolled(), await world.enrolled()];
    for (const agent of [stays, revoked]) agent.run();
    await Promise.all([stays.connected(), revoked.connected()]);
    await server.stop();
    await revoked.stop();
    const setBack = await database.dump(env, home);
    await server.start();
    const before = (await crlOf(world)).number;
    await world.revoke(revoked.device);
    await until(async () => expect((await crlOf(world)).number).toBeGreaterThan(before));
    // The published revocation list is the last thing that the server did, so only its mark names this list.
    await server.kill();
    await setBack();
    const then = await stateOf(env, home);
    const refusal = /was set back to a state before .*revocation list \d+ instead of \d+.*Nothing was changed/;
    await expect(server.start()).rejects.toThrow(refusal);
    expect(await stateOf(env, home)).toEqual(then);

    // The server refuses the database although only one of the two marks is left.
    const [besideKeys = '', besidePersonKeys = ''] = markFiles(home);
    for (const path of [besideKeys, besidePersonKeys]) {
      renameSync(path, `${path}.away`);
      await expect(server.start()).rejects.toThrow(refusal);
      renameSync(`${path}.away`, path);
    }
    const check = await runProgram(process.execPath, [CORDON, 'check-config'], { env: { ...server.env, ...env } });
    expect(check.out + check.err).toContain('was set back');

    const run = () =>
      runProgram(process.execPath, [CORDON, 'accept-rollback'], { env: { ...server.env, ...env }, within: 60_000 });
    const accepted = await run();
    expect([accepted.code, accepted.err]).toEqual([0, '']);
    expect(accepted.out).toContain('revocation list');
    expect(accepted.out).toContain('Revocations after the backup are lost');
    expect(accepted.out).toContain('The public ledger is suspended');
    const again = await run();
    expect([again.code, again.err]).toEqual([6, expect.stringContaining('is not older than the high-water mark')]);

    await server.start();
    // A new start of the agent forgets the long delay after the many failed attempts.
    await stays.stop();
    stays.run();
    await stays.connected(60_000);
    const { admin } = server;
    const owner = callerOf(admin, await until(() => signIn(admin, operator.owner.signIn, Date.now() + 30_000), 60_000));
    const { recovery } = await owner.call('GET', '/recovery', recoveryView);
    expect(recovery).toMatchObject({ ledger: 'suspended', revocations: 'unknown' });
    const { healthIssues } = await owner.call('GET', '/overview', overviewView);
    expect(healthIssues.map(({ code }) => code)).toContain('restored');
    expect((await owner.call('GET', '/orders', orderList)).orders).toEqual([]);
    expect((await crlOf(world)).number).toBeGreaterThan(before + 1_000_000);
    expect(
      (await database.query(env, home, "select kind from ledger_entries where kind = 'server.restored'")).length,
    ).toBe(1);
    const subjects = { orders: [], devices: [stays.device, revoked.device] };
    expect(await unreadablePaths(admin, owner, subjects)).toEqual([]);
    const { secret } = await owner.call('POST', '/tokens', createdToken, { name: 'lists' });
    const cli = { CORDON_SERVER: admin, CORDON_TOKEN: secret, XDG_CONFIG_HOME: home };
    expect(await failingLists(cli, subjects)).toEqual([]);
    await owner.call('POST', `/devices/${revoked.device}/revoke`, z.unknown(), {});
    revoked.run();
    await revoked.link('revoked', 60_000);
  }, 300_000);

  it('is noticed with one damaged copy of the mark, and a revocation takes effect while no mark can be written', async () => {
    const env = await database.env();
    const world = await openWorld(env);
    closing.push(world.remove);
    const { server, operator } = world;
    const [first = '', second = ''] = markFiles(server.home);
    await server.stop();
    writeFileSync(first, '{"payload":');
    await server.start();
    expect(readMark(first)?.mark).toEqual(readMark(second)?.mark);

    const agent = await world.enrolled();
    agent.run();
    await agent.connected(60_000);
    const { number } = await crlOf(world);
    const owner = callerOf(server.admin, await signIn(server.admin, operator.owner.signIn, Date.now() + 30_000));
    const issues = async () => {
      const { healthIssues } = await owner.call('GET', '/overview', overviewView);
      return healthIssues.map(({ code }) => code);
    };
    // A folder of this name makes the write fail, also for root.
    rmSync(first);
    mkdirSync(first);
    await owner.call('POST', `/devices/${agent.device}/revoke`, z.unknown(), {});
    // The agent cannot confirm the revocation yet, because no new signed list is published.
    await agent.link('rejected', 60_000);
    await until(async () => expect(await issues()).toContain('mark_failing'), 30_000);
    rmSync(first, { recursive: true });
    await agent.link('revoked', 120_000);
    expect((await crlOf(world)).number).toBeGreaterThan(number);
    await until(async () => expect(await issues()).not.toContain('mark_failing'), 30_000);
  }, 300_000);

  it('never follows from kill -9: the mark is not ahead of the store, and covers what outsiders have seen', async () => {
    const env = await database.env();
    const world = await openWorld(env);
    closing.push(world.remove);
    const { server, operator } = world;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const seen = { ledger: 0, crl: 0 };
      let running = true;
      const ignoreEnd = (error: unknown) => {
        if (running) throw error;
      };
      const write = async () => {
        for (let number = 0; running; number += 1) await operator.group(`group ${kill} ${number}`).catch(ignoreEnd);
      };
      const read = async () => {
        while (running) {
          await published(world, '/ledger/checkpoint').then((note) => {
            seen.ledger = Math.max(seen.ledger, Number(note.toString().split('\n')[1]));
          }, ignoreEnd);
          await crlOf(world).then(({ number }) => {
            seen.crl = Math.max(seen.crl, number);
          }, ignoreEnd);
        }
      };
      const agent = await world.enrolled();
      const work = Promise.all([write(), read(), world.revoke(agent.device).catch(ignoreEnd)]);
      await delay(500 + Math.random() * 1_500);
      running = false;
      await server.kill();
      await work;
      const mark = markOf(server.home);
      expect(mark.ledger.size).toBeGreaterThanOrEqual(seen.ledger);
      expect(mark.crl).toBeGreaterThanOrEqual(seen.crl);
      expect(seen.ledger).toBeGreaterThan(0);
      await server.start();
    }
  }, 300_000);
});
