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
  describe(`${name} on SQLite`, () => suite(sqliteStores()));
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
  const opened: { database: Database; name: string }[] = [];
  let template: Promise<string> | null = null;
  let count = 0;

  const named = (name: string) => {
    const address = new URL(server);
    address.pathname = `/${name}`;
    return address.href;
  };
  const makeTemplate = async () => {
    const name = `${prefix}_template`;
    await onServer(server, `create database ${name}`);
    await (await openDatabase({ url: named(name) })).close();
    return name;
  };
  afterEach(async () => {
    for (const { database, name } of opened.splice(0)) {
      await database.close();
      await onServer(server, `drop database ${name} with (force)`);
    }
  });
  afterAll(async () => {
    if (template) await onServer(server, `drop database ${await template} with (force)`);
  });
  return async () => {
    // Copying a migrated database is several times faster than migrating each one.
    template ??= makeTemplate();
    const name = `${prefix}_${++count}`;
    await onServer(server, `create database ${name} template ${await template}`);
    const database = await openDatabase({ url: named(name) });
    opened.push({ database, name });
    return database;
  };
}

async function onServer(server: string, statement: string): Promise<void> {
  const client = new pg.Client(server);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
