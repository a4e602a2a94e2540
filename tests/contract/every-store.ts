/**
 * Runs one suite over every store: SQLite in a temporary file, and PostgreSQL on the server that `CORDON_TEST_DATABASE_URL` names, in
 * databases of this run's own that are dropped afterward. No other database of that server is touched.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe } from 'vitest';
import { type Database, openDatabase } from '../../server/store/database.ts';
import { openNewStore } from '../support/new-store.ts';
import { createOwnDatabase, type OwnDatabase, onDatabase, POSTGRES_SERVER } from '../support/postgres.ts';
import { needed } from '../support/tools.ts';

/** Opens a new and empty store, which is closed and removed after the test. */
export type OpenStore = () => Promise<Database>;

export function describeOnEveryStore(name: string, suite: (open: OpenStore) => void): void {
  describeOnSqlite(name, suite);
  describeOnPostgres(name, suite);
}

/** For what only a file can do: fill up. */
export function describeOnSqlite(name: string, suite: (open: OpenStore) => void): void {
  describe(`${name} on SQLite`, () => suite(sqliteStores()));
}

/** For what only a database of its own process can do. */
export function describeOnPostgres(name: string, suite: (open: OpenStore) => void): void {
  const { present } = needed('PostgreSQL', 'set CORDON_TEST_DATABASE_URL', POSTGRES_SERVER !== '');
  describe.skipIf(!present)(`${name} on PostgreSQL`, () => suite(postgresStores(POSTGRES_SERVER)));
}

function sqliteStores(): OpenStore {
  const opened: { database: Database; folder: string }[] = [];
  afterEach(async () => {
    for (const { database, folder } of opened.splice(0)) {
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cordon-store-'));
    const database = await openNewStore(join(folder, 'cordon.db'));
    opened.push({ database, folder });
    return database;
  };
}

function postgresStores(server: string): OpenStore {
  const opened: { database: Database; url: string }[] = [];
  const made: OwnDatabase[] = [];
  /** URLs of emptied databases: creating a database takes several times as long as emptying one. */
  const free: string[] = [];

  afterEach(async () => {
    for (const { database, url } of opened.splice(0)) {
      await database.close();
      await onDatabase(url, (client) => client.query(EMPTY));
      free.push(url);
    }
  });
  afterAll(async () => {
    for (const own of made.splice(0)) await own.drop();
  });
  const makeNew = async () => {
    const own = await createOwnDatabase(server, 'test');
    made.push(own);
    return own.url;
  };
  return async () => {
    const url = free.pop() ?? (await makeNew());
    const database = await openDatabase({ url });
    opened.push({ database, url });
    return database;
  };
}

/**
 * Deletes rows instead of truncating tables, which replaces the files of each table and takes ten times as long. The role `replica` keeps
 * PostgreSQL from checking foreign keys between two deletions.
 */
const EMPTY = `do $$ declare name text; begin
  set local session_replication_role = replica;
  for name in select quote_ident(tablename) from pg_tables where schemaname = 'public' and tablename not like 'kysely%' loop
    execute 'delete from ' || name;
  end loop;
  for name in select quote_ident(sequencename) from pg_sequences where schemaname = 'public' and last_value is not null loop
    execute 'alter sequence ' || name || ' restart';
  end loop;
end $$`;
