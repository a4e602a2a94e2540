import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, expect, it } from 'vitest';
import { openDatabase, type Tx } from './database.ts';
import { getMeta, setMeta } from './meta-store.ts';

const folders: string[] = [];
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'cordon-database-'));
  folders.push(made);
  return made;
}
afterEach(() => {
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

it('creates a file and a log that only their owner can read', async () => {
  const file = join(folder(), 'sub', 'cordon.db');
  const database = await openDatabase({ file });
  await setMeta(database.db, 'a', 'b');
  for (const path of [file, `${file}-wal`, `${file}-shm`]) expect(statSync(path).mode & 0o777).toBe(0o600);
  await database.close();
});

it('syncs a commit unless all its rows are relaxed', async () => {
  const database = await openDatabase({ file: join(folder(), 'cordon.db') });
  const levels = new Map<string, unknown>();
  const write = async (tx: Tx, rows: readonly string[]) => {
    const { rows: found } = await sql<{ synchronous: number }>`select synchronous from pragma_synchronous`.execute(tx);
    for (const row of rows) levels.set(row, found[0]?.synchronous);
  };
  const synced = database.grouped(write);
  const relaxed = database.grouped(write, { relaxed: true });
  await relaxed('alone');
  await Promise.all([relaxed('beside a synced row'), synced('synced')]);
  await database.transaction((tx) => write(tx, ['transaction']));
  const [NORMAL, FULL] = [1, 2];
  expect(Object.fromEntries(levels)).toEqual({
    alone: NORMAL,
    'beside a synced row': FULL,
    synced: FULL,
    transaction: FULL,
  });
  await database.close();
});

it('syncs the commit after a relaxed transaction that failed', async () => {
  const database = await openDatabase({ file: join(folder(), 'cordon.db') });
  const failing = database.grouped<string>(
    async () => {
      throw new Error('no');
    },
    { relaxed: true },
  );
  await expect(failing('row')).rejects.toThrow('no');
  expect((await sql`pragma synchronous`.execute(database.db)).rows).toEqual([{ synchronous: 2 }]);
  await database.close();
});

it('syncs every commit and checks foreign keys', async () => {
  const database = await openDatabase({ file: join(folder(), 'cordon.db') });
  const read = async (name: string) =>
    Object.values((await sql`pragma ${sql.raw(name)}`.execute(database.db)).rows[0]!)[0];
  expect([await read('journal_mode'), await read('synchronous'), await read('foreign_keys')]).toEqual(['wal', 2, 1]);
  await database.close();
});

it('reports a path that cannot be opened', async () => {
  const here = folder();
  await expect(openDatabase({ file: here })).rejects.toMatchObject({ code: 'store_unavailable' });
  await expect(openDatabase({ url: 'postgres://127.0.0.1:1/nothing' })).rejects.toMatchObject({
    code: 'store_unavailable',
  });
});

it('refuses writes when the store is full, keeps its rows, and continues when space is free', async () => {
  const database = await openDatabase({ file: join(folder(), 'cordon.db') });
  const write = database.grouped<string>(async (tx, rows) => {
    for (const key of rows) await setMeta(tx, key, 'x'.repeat(100_000));
  });
  await write('before');
  await sql`pragma max_page_count = 1`.execute(database.db);
  const results = await Promise.allSettled(['a', 'b', 'c'].map(write));
  for (const result of results) expect(result).toMatchObject({ reason: { code: 'store_unavailable' } });
  const spent = database.transaction((tx) => setMeta(tx, 'd', 'x'.repeat(100_000)));
  await expect(spent).rejects.toMatchObject({ code: 'store_unavailable' });
  await sql`pragma max_page_count = 1000000`.execute(database.db);
  await write('after');
  expect(await getMeta(database.db, 'before')).toHaveLength(100_000);
  expect(await getMeta(database.db, 'a')).toBeNull();
  expect(await getMeta(database.db, 'after')).toHaveLength(100_000);
  await database.close();
});
