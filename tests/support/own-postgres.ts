/** A database for one test file, on the PostgreSQL server that `CORDON_TEST_DATABASE_URL` names. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';

export interface OwnPostgres {
  readonly url: string;
  /** Runs one statement in the database. */
  query(statement: string): Promise<Record<string, unknown>[]>;
  drop(): Promise<void>;
}

export async function ownPostgres(server: string): Promise<OwnPostgres> {
  const name = `cordon_e2e_${randomBytes(6).toString('hex')}`;
  await onServer(server, `create database ${name}`);
  const address = new URL(server);
  address.pathname = `/${name}`;
  return {
    url: address.href,
    query: (statement) => onServer(address.href, statement),
    drop: async () => void (await onServer(server, `drop database if exists ${name} with (force)`)),
  };
}

async function onServer(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}
