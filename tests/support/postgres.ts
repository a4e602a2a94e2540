/** Databases for one test run, on the PostgreSQL server that `CORDON_TEST_DATABASE_URL` names. No other database of that server is touched. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** The server for tests: a `postgres://` URL with the right to create databases. Empty when none is configured. */
export const POSTGRES_SERVER = process.env['CORDON_TEST_DATABASE_URL'] ?? '';

export interface OwnDatabase {
  /** `postgres://` URL of the new, empty database. */
  readonly url: string;
  /** Ends every connection to the database and removes it. */
  drop(): Promise<void>;
}

/** Creates a database with a random name. `purpose` is a part of the name: lower-case letters, digits and `_`. */
export async function createOwnDatabase(server: string, purpose: string): Promise<OwnDatabase> {
  const name = `cordon_${purpose}_${randomBytes(6).toString('hex')}`;
  await onDatabase(server, (client) => client.query(`create database ${name}`));
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: () => onDatabase(server, async (client) => void (await client.query(`drop database ${name} with (force)`))),
  };
}

/** Runs `work` on a separate connection, and closes the connection afterward. */
export async function onDatabase<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
