/** Runs one suite of end-to-end tests on SQLite and on PostgreSQL, with a server process for each test. */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { afterAll, describe } from 'vitest';
import { type OwnPostgres, ownPostgres } from './own-postgres.ts';
import { needed, type Tool } from './tools.ts';

export interface DatabaseUnderTest {
  readonly kind: 'sqlite' | 'postgres';
  /** Environment variables of a server process with a new, empty database. SQLite stores it in the data folder. */
  env(): Promise<Record<string, string>>;
  /** Reads the database of a running server, given its environment and data folder. */
  query(env: Record<string, string>, home: string, sql: string): Promise<Record<string, unknown>[]>;
  /** Changes the database of a stopped server. */
  change(env: Record<string, string>, home: string, sql: string): Promise<void>;
  /** Copies the database of a stopped server. The returned function sets the database back to this state. */
  copy(env: Record<string, string>, home: string): Promise<() => Promise<void>>;
  /** Like `copy`, but with `pg_dump` and `psql` on PostgreSQL, as an admin would set a database back. */
  dump(env: Record<string, string>, home: string): Promise<() => Promise<void>>;
}

const url = process.env['CORDON_TEST_DATABASE_URL'];

/** The suite runs on PostgreSQL only in `npm run test:faults`, because `tests/contract` tests the differences of the databases on both. */
export function describeOnSqliteFirst(name: string, suite: (database: DatabaseUnderTest) => void): void {
  if (process.env['CORDON_FAULTS']) describeOnEachDatabase(name, suite);
  else describeOnSqlite(name, suite);
}

type Suite = (database: DatabaseUnderTest) => void;

/** `needs`: program without which the suite is skipped. */
export function describeOnEachDatabase(
  named: string | { readonly name: string; readonly needs: Tool },
  suite: Suite,
): void {
  const { name, needs } = typeof named === 'string' ? { name: named, needs: null } : named;
  if (needs !== null && !needs.present) {
    describe.skip(name, () => describeOnSqlite(name, suite));
    return;
  }
  describeOnSqlite(name, suite);
  describeOnPostgres(name, suite);
}

function describeOnSqlite(name: string, suite: (database: DatabaseUnderTest) => void): void {
  describe(`${name} on SQLite`, () => {
    const copy: DatabaseUnderTest['copy'] = async (_env, home) => {
      const folder = mkdtempSync(join(home, 'copy-'));
      copyDatabase(home, folder);
      return async () => copyDatabase(folder, home);
    };
    suite({
      change: async (_env, home, sql) => {
        const database = new BetterSqlite3(join(home, 'cordon.db'));
        database.exec(sql);
        database.close();
      },
      copy,
      dump: copy,
      kind: 'sqlite',
      env: async () => ({}),
      query: async (_env, home, sql) => {
        const file = join(home, 'cordon.db');
        if (!existsSync(file)) throw new Error(`there is no ${file}`);
        const database = new BetterSqlite3(file, { readonly: true });
        try {
          return database.prepare<unknown[], Record<string, unknown>>(sql).all();
        } finally {
          database.close();
        }
      },
    });
  });
}

/** Replaces the database files in the folder `to`. A write-ahead log that `from` lacks is removed. */
function copyDatabase(from: string, to: string): void {
  for (const name of ['cordon.db', 'cordon.db-wal', 'cordon.db-shm']) {
    rmSync(join(to, name), { force: true });
    if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name));
  }
}

function describeOnPostgres(name: string, suite: (database: DatabaseUnderTest) => void): void {
  const { present } = needed('PostgreSQL', 'set CORDON_TEST_DATABASE_URL', Boolean(url));
  describe.skipIf(!present)(`${name} on PostgreSQL`, () => {
    const made: OwnPostgres[] = [];
    const madeOf = (env: Record<string, string>): OwnPostgres => {
      const database = made.find((each) => each.url === env['CORDON_DATABASE_URL']);
      if (!database) throw new Error('this test did not make that database');
      return database;
    };
    afterAll(async () => {
      for (const database of made) await database.drop();
    });
    suite({
      change: async (env, _home, sql) => {
        await made.find((each) => each.url === env['CORDON_DATABASE_URL'])?.query(sql);
      },
      copy: async (env) => madeOf(env).copy(),
      dump: async (env) => madeOf(env).dump(),
      kind: 'postgres',
      env: async () => {
        const database = await ownPostgres(url ?? '');
        made.push(database);
        return { CORDON_DATABASE_URL: database.url };
      },
      query: async (env, _home, sql) => madeOf(env).query(sql),
    });
  });
}
