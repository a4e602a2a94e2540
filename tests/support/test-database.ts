/** Another database for a server process: SQLite in its data folder, or PostgreSQL where the environment names a server. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';

export interface TestDatabase {
  /** For the server's environment. */
  readonly environment: Record<string, string>;
  remove(): Promise<void>;
}

export const SQLITE: TestDatabase = { environment: {}, remove: async () => undefined };

/** Makes an empty database of its own on this server. */
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
