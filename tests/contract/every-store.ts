/**
 * Runs one suite over every store: SQLite in a temporary file, and PostgreSQL on the server that `CORDON_TEST_DATABASE_URL` names, in
 * databases of this run's own that are dropped afterwards. No other database of that server is touched.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, describe } from 'vitest';
import { type Database, openDatabase } from '../../server/store/database.ts';
import { needed } from '../support/tools.ts';

/** Opens a new and empty store, which is closed and removed after the test. */
export type OpenStore = () => Promise<Database>;

const url = process.env['CORDON_TEST_DATABASE_URL'];

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
  const { present } = needed('PostgreSQL', 'set CORDON_TEST_DATABASE_URL', Boolean(url));
  describe.skipIf(!present)(`${name} on PostgreSQL`, () => suite(postgresStores(url ?? '')));
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
    const database = await openDatabase({ file: join(folder, 'cordon.db') });
    opened.push({ database, folder });
    return database;
  };
}

function postgresStores(server: string): OpenStore {
  const prefix = `cordon_test_${randomBytes(6).toString('hex')}`;
  const opened: { database: Database; url: string }[] = [];
  const made: string[] = [];
  /** Emptied ones: making a database takes several times as long as emptying one. */
  const free: string[] = [];

  afterEach(async () => {
    for (const { database, url } of opened.splice(0)) {
      await database.close();
      await onServer(url, EMPTY);
      free.push(url);
    }
  });
  afterAll(async () => {
    for (const name of made.splice(0)) await onServer(server, `drop database ${name} with (force)`);
  });
  const makeNew = async () => {
    const name = `${prefix}_${made.length}`;
    made.push(name);
    await onServer(server, `create database ${name}`);
    const address = new URL(server);
    address.pathname = `/${name}`;
    return address.href;
  };
  return async () => {
    const url = free.pop() ?? (await makeNew());
    const database = await openDatabase({ url });
    opened.push({ database, url });
    return database;
  };
}

const EMPTY = `do $$ begin execute (
  select 'truncate ' || string_agg(quote_ident(tablename), ', ') || ' restart identity'
  from pg_tables where schemaname = 'public' and tablename not like 'kysely%'
); end $$`;

async function onServer(server: string, statement: string): Promise<void> {
  const client = new pg.Client(server);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
