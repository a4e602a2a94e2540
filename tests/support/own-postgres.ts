/** A database for one test file, on the PostgreSQL server that `CORDON_TEST_DATABASE_URL` names. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';

export interface OwnPostgres {
  readonly url: string;
  /** Runs one statement in the database. */
  query(statement: string): Promise<Record<string, unknown>[]>;
  /** Copies the whole database, which nobody may use meanwhile. The returned function puts this state back, and may be called again. */
  copy(): Promise<() => Promise<void>>;
  drop(): Promise<void>;
}

export async function ownPostgres(server: string): Promise<OwnPostgres> {
  const name = `cordon_e2e_${randomBytes(6).toString('hex')}`;
  const copies: string[] = [];
  await onServer(server, `create database ${name}`);
  const address = new URL(server);
  address.pathname = `/${name}`;
  return {
    url: address.href,
    query: (statement) => onServer(address.href, statement),
    copy: async () => {
      const kept = `${name}_${randomBytes(3).toString('hex')}`;
      copies.push(kept);
      await onServer(server, `create database ${kept} template ${name}`);
      return async () => {
        await onServer(server, `drop database ${name} with (force)`);
        await onServer(server, `create database ${name} template ${kept}`);
      };
    },
    drop: async () => {
      for (const each of [name, ...copies]) await onServer(server, `drop database if exists ${each} with (force)`);
    },
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
