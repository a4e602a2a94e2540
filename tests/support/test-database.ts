/** A new database for a server process: PostgreSQL if the environment names a server, SQLite in the data folder otherwise. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';

export interface TestDatabase {
  /** Environment variables for the server. */
  readonly environment: Record<string, string>;
  remove(): Promise<void>;
}

export const SQLITE: TestDatabase = { environment: {}, remove: async () => undefined };

/** Creates an empty database on this server. */
export async function postgresDatabase(server: string): Promise<TestDatabase> {
  const name = `cordon_test_${randomBytes(6).toString('hex')}`;
  const address = new URL(server);
  address.pathname = `/${name}`;
  await onServer(server, `create database ${name}`);
  return {
    environment: { CORDON_DATABASE_URL: address.href },
    remove: () => onServer(server, `drop database ${name} with (force)`),
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
