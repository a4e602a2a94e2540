/**
 * Case 55: a disk with an incomplete write, a full disk, and a read-only disk. The tests change SQLite's files directly. PostgreSQL handles
 * its own disk, so the test makes its database read-only. Case 39 tests the ledger on a full disk.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../server/store/database.ts';
import { setMeta } from '../../server/store/meta-store.ts';
import { describeOnPostgres } from '../contract/every-store.ts';
import { type OrderWorld, openOrderWorld, PROPOSAL } from '../support/order-world.ts';

const WRITER = fileURLToPath(new URL('store-writer.ts', import.meta.url));
const FRAME_HEADER = 24;
const WAL_HEADER = 32;

const folders: string[] = [];
const open: Database[] = [];
afterEach(async () => {
  for (const database of open.splice(0)) await database.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-disk-'));
  folders.push(folder);
  return join(folder, 'cordon.db');
}

async function opened(file: string): Promise<Database> {
  const database = await openDatabase({ file });
  open.push(database);
  return database;
}

const integrity = async ({ db }: Database) =>
  (await sql<{ integrity_check: string }>`pragma integrity_check`.execute(db)).rows;

/** Runs the writer until it is killed. Returns the writes that it acknowledged. */
async function killedWriter(file: string): Promise<string[]> {
  const child = spawn(process.execPath, [WRITER, file, '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  const ended = once(child.stdout, 'end');
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    if (output.length > 2_000) child.kill('SIGKILL');
  });
  await ended;
  return output.split('\n').slice(0, -1);
}

describe('case 55: an incomplete write', () => {
  it.each<[string, (log: Buffer) => Buffer]>([
    ['of half a log frame', (log) => log.subarray(WAL_HEADER, WAL_HEADER + FRAME_HEADER + 2_000)],
    ['of a log frame header without its page', (log) => log.subarray(WAL_HEADER, WAL_HEADER + FRAME_HEADER)],
    ['of a whole log frame from earlier', (log) => log.subarray(WAL_HEADER, WAL_HEADER + FRAME_HEADER + 4_096)],
    ['of only zeros in the log', () => Buffer.alloc(10_000)],
  ])('%s loses no acknowledged write, and leaves no incomplete transaction', async (_, torn) => {
    const file = newFile();
    const acknowledged = await killedWriter(file);
    const log = readFileSync(`${file}-wal`);
    expect(log.length).toBeGreaterThan(WAL_HEADER + FRAME_HEADER + 4_096);
    appendFileSync(`${file}-wal`, torn(log));
    const database = await opened(file);
    const alerts = new Set((await database.db.selectFrom('alerts').select('code').execute()).map(({ code }) => code));
    const keys = new Set((await database.db.selectFrom('meta').select('key').execute()).map(({ key }) => key));
    const there = (word: string) => alerts.has(word) || (keys.has(`${word}-left`) && keys.has(`${word}-right`));
    expect(acknowledged.length).toBeGreaterThan(10);
    expect(acknowledged.filter((word) => !there(word))).toEqual([]);
    for (const key of keys) if (key.endsWith('-left')) expect(keys).toContain(key.replace('-left', '-right'));
    expect(await integrity(database)).toEqual([{ integrity_check: 'ok' }]);
    await database.transaction((tx) => setMeta(tx, 'afterward', 'done'));
  });

  it('of the database file causes an error instead of incomplete data', async () => {
    const file = newFile();
    const database = await openDatabase({ file });
    const rows = Array.from({ length: 2_000 }, (_, at) => ({
      at,
      first_at: at,
      count: 1,
      device_id: null,
      code: `c${at}`,
      detail: 'x'.repeat(500),
    }));
    for (let from = 0; from < rows.length; from += 500) {
      await database.db
        .insertInto('alerts')
        .values(rows.slice(from, from + 500))
        .execute();
    }
    await database.close();
    truncateSync(file, Math.floor(statSync(file).size / 2));
    const reading = async () => {
      const torn = await openDatabase({ file });
      try {
        return await torn.db.selectFrom('alerts').select('code').execute();
      } finally {
        await torn.close();
      }
    };
    await expect(reading()).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});

/** Proposes and approves an order while the store accepts no writes, and again after the store accepts writes. */
async function actOn(database: Database, broken: () => Promise<void>, mended: () => Promise<void>): Promise<void> {
  // The test ends the database's connections. Work in the background may lose its connection at that moment, and repeats.
  const warn = (fields: object, message: string) => {
    if (!JSON.stringify(fields).includes('store_unavailable')) throw new Error(message);
  };
  const world: OrderWorld = await openOrderWorld(database, undefined, { warn });
  /** All data that an action would change. */
  const state = async () => ({
    orders: await database.db.selectFrom('orders').selectAll().execute(),
    revisions: await database.db.selectFrom('order_revisions').selectAll().execute(),
    approvals: await database.db.selectFrom('order_approvals').selectAll().execute(),
    list: world.orders.list.current()?.version,
    entries: (await database.db.selectFrom('ledger_entries').select('id').execute()).length,
  });
  try {
    const { ada, ben, cyd, proposer } = world.people;
    await world.approverSet([ada, ben, cyd], [ada, ben]);
    // The texts are longer than the free space in the existing database pages.
    const long = { ...PROPOSAL, statement: { en: 'x'.repeat(4_000) }, instrument: 'x'.repeat(4_000) };
    const { order } = await world.orders.drafting.propose(proposer.id, long);
    await world.sign(order, 1, ada);
    const before = await state();
    await broken();
    await expect(world.orders.drafting.propose(proposer.id, long)).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(world.sign(order, 1, ben)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(await state()).toEqual(before);
    expect(world.orders.adoption.rules()).toEqual([]);
    expect((await world.orders.adoption.get(order)).status).toBe('proposed');
    await mended();
    expect(await world.sign(order, 1, ben)).toMatchObject({ adopted: true });
    expect((await world.orders.drafting.propose(proposer.id, long)).order).toBe('2015-002');
  } finally {
    await world.stop();
  }
}

describe('case 55: a store on a disk that accepts no writes', () => {
  it.each<[string, (database: Database) => Promise<void>, (database: Database) => Promise<void>]>([
    [
      'because it is full',
      async ({ db }) => {
        const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(db);
        await sql`pragma max_page_count = ${sql.lit(rows[0]?.page_count ?? 0)}`.execute(db);
      },
      async ({ db }) => void (await sql`pragma max_page_count = 1000000`.execute(db)),
    ],
    [
      'because it is read-only',
      async ({ db }) => void (await sql`pragma query_only = 1`.execute(db)),
      async ({ db }) => void (await sql`pragma query_only = 0`.execute(db)),
    ],
  ])('%s refuses an order completely, still reads data, and accepts the order later', async (_, broken, mended) => {
    const database = await opened(newFile());
    await actOn(
      database,
      () => broken(database),
      () => mended(database),
    );
    expect(await integrity(database)).toEqual([{ integrity_check: 'ok' }]);
  });
});

describeOnPostgres('case 55: a database that accepts no writes', (openStore) => {
  it('refuses an order completely, still reads data, and accepts the order later', async () => {
    const database = await openStore();
    const set = async (to: 'on' | 'off') => {
      await database.db.connection().execute(async (one) => {
        await sql`set default_transaction_read_only = off`.execute(one);
        const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(one);
        await sql`alter database ${sql.id(rows[0]?.name ?? '')} set default_transaction_read_only = ${sql.raw(to)}`.execute(
          one,
        );
        // The setting applies only to new sessions, so the existing sessions are ended.
        await sql`select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid()`.execute(one);
        await sql`set default_transaction_read_only = ${sql.raw(to)}`.execute(one);
      });
    };
    await actOn(
      database,
      () => set('on'),
      () => set('off'),
    );
  });
});
