import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { appendEntry } from '../../server/store/append-entries.ts';
import { getMeta, installationId, setMeta } from '../../server/store/meta-store.ts';
import { migrate, readMigrationState } from '../../server/store/migrate.ts';
import { isUniqueViolation } from '../../server/store/store-errors.ts';
import { CordonError } from '../../shared/errors.ts';
import { until } from '../support/until.ts';
import { describeOnEveryStore, describeOnPostgres } from './every-store.ts';

describeOnEveryStore('the database', (open) => {
  it('returns integers beyond 32 bits, sums and counts as numbers', async () => {
    const { db } = await open();
    await db
      .insertInto('checkpoints')
      .values({ size: 1, note: 'n', at: 2 ** 52 + 1 })
      .execute();
    const row = await db
      .selectFrom('checkpoints')
      .select((eb) => ['at', eb.fn.countAll<number>().as('count'), eb.fn.sum<number>('at').as('sum')])
      .groupBy('at')
      .executeTakeFirstOrThrow();
    expect(row).toEqual({ at: 2 ** 52 + 1, count: 1, sum: 2 ** 52 + 1 });
  });

  it('sorts text by bytes in every locale', async () => {
    const { db } = await open();
    for (const key of ['b', 'B', 'a', 'ä', '_']) await setMeta(db, key, '');
    const rows = await db.selectFrom('meta').select('key').orderBy('key').execute();
    expect(rows.map(({ key }) => key)).toEqual(['B', '_', 'a', 'b', 'ä']);
  });

  it('rolls back everything when a transaction throws', async () => {
    const database = await open();
    const broken = database.transaction(async (tx) => {
      await setMeta(tx, 'a', '1');
      await appendEntry(tx, { kind: 'ca.created', at: 1, subject: 'x', public: {} });
      throw new CordonError('conflict', 'no');
    });
    await expect(broken).rejects.toMatchObject({ code: 'conflict' });
    expect(await getMeta(database.db, 'a')).toBeNull();
    expect(await database.db.selectFrom('ledger_entries').selectAll().execute()).toEqual([]);
    expect(await database.db.selectFrom('ledger_openings').selectAll().execute()).toEqual([]);
  });

  it('runs transactions as if one after the other, even transactions that read first', async () => {
    const database = await open();
    await setMeta(database.db, 'count', '0');
    const add = () =>
      database.transaction(async (tx) => {
        const count = Number(await getMeta(tx, 'count'));
        await delay(1);
        await setMeta(tx, 'count', String(count + 1));
      });
    await Promise.all(Array.from({ length: 8 }, add));
    expect(await getMeta(database.db, 'count')).toBe('8');
  });

  it('refuses calls that would wait for themselves: db, a transaction or a grouped write inside a transaction', async () => {
    const database = await open();
    const write = database.grouped<string>(async (tx, rows) => {
      for (const key of rows) await setMeta(tx, key, '');
    });
    const inside = [
      () => getMeta(database.db, 'a'),
      () => database.transaction((tx) => getMeta(tx, 'a')),
      () => write('a'),
    ];
    for (const act of inside) {
      await expect(database.transaction(async () => void (await act()))).rejects.toThrow(/inside a transaction/);
    }
    await write('after');
    expect(await getMeta(database.db, 'after')).toBe('');
  });

  it('distinguishes a row that exists from other errors', async () => {
    const { db } = await open();
    const insert = () => db.insertInto('meta').values({ key: 'a', value: '' }).execute();
    await insert();
    const error = await insert().catch((thrown: unknown) => thrown);
    expect(isUniqueViolation(error)).toBe(true);
    const other = await sql`select * from nothing_here`.execute(db).catch((thrown: unknown) => thrown);
    expect(isUniqueViolation(other)).toBe(false);
    expect(other).not.toBeInstanceOf(CordonError);
  });

  it('groups writes of different writers into few transactions, and keeps the order of each writer', async () => {
    const database = await open();
    const calls: number[] = [];
    const first = database.grouped<number>(async (tx, rows) => {
      calls.push(rows.length);
      for (const row of rows) await setMeta(tx, 'last', String(row));
    });
    const second = database.grouped<{ key: string }>(async (tx, rows) => {
      await tx
        .insertInto('meta')
        .values(rows.map(({ key }) => ({ key, value: '' })))
        .execute();
    });
    const rows = Array.from({ length: 1300 }, (_, index) => index);
    await Promise.all(rows.flatMap((row) => [first(row), second({ key: `k${row}` })]));
    expect(await getMeta(database.db, 'last')).toBe('1299');
    expect(calls.length).toBeLessThan(12);
    expect(calls.every((size) => size <= 512)).toBe(true);
    const { count } = await database.db
      .selectFrom('meta')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    expect(count).toBe(1301);
  });

  it('fails only the invalid row', async () => {
    const database = await open();
    const write = database.grouped<{ key: string; value: string | null }>(async (tx, rows) => {
      for (const { key, value } of rows) {
        await sql`insert into meta (key, value) values (${key}, ${value})`.execute(tx);
      }
    });
    const results = await Promise.allSettled([
      write({ key: 'a', value: '' }),
      write({ key: 'b', value: null }),
      write({ key: 'c', value: '' }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await getMeta(database.db, 'a')).toBe('');
    expect(await getMeta(database.db, 'c')).toBe('');
  });

  it('writes grouped rows before it closes, and refuses later rows', async () => {
    const database = await open();
    const write = database.grouped<string>(async (tx, rows) => {
      for (const key of rows) await setMeta(tx, key, '');
    });
    const pending = write('a');
    await database.close();
    await expect(pending).resolves.toBeUndefined();
    await expect(write('b')).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  it('has one id for the installation, also for simultaneous callers', async () => {
    const database = await open();
    const ids = await Promise.all([installationId(database), installationId(database)]);
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toMatch(/^ins_[a-z2-7]{16}$/);
  });

  it('refuses a database of a newer version and leaves it unchanged', async () => {
    const { db, dialect } = await open();
    const timestamp = new Date().toISOString();
    await sql`insert into kysely_migration (name, timestamp) values ('9999-later', ${timestamp})`.execute(db);
    await expect(readMigrationState(db, dialect)).rejects.toMatchObject({
      code: 'store_incompatible',
      message: expect.stringContaining('newer version of Cordon'),
    });
    await sql`delete from kysely_migration where name = '9999-later'`.execute(db);
    await migrate(db, dialect);
  });
});

describeOnPostgres('the database', (open) => {
  it('case 56: reports an unreachable database, and continues when the database returns', async () => {
    const database = await open();
    const { db } = database;
    const write = database.grouped<string>(async (tx, keys) => {
      for (const key of keys) await setMeta(tx, key, '');
      await sql`select pg_sleep(60)`.execute(tx);
    });
    const cut = write('cut').catch((error: unknown) => error);
    const sleeping = sql`select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`;
    await until(async () => expect((await sleeping.execute(db)).rows).toHaveLength(1));
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`.execute(db);
    expect(await cut).toMatchObject({ code: 'store_unavailable' });
    await setMeta(db, 'after', '1');
    expect(await getMeta(db, 'cut')).toBeNull();
    expect(await getMeta(db, 'after')).toBe('1');
  });
});
