/** A database for one test file, on the PostgreSQL server that `CORDON_TEST_DATABASE_URL` names. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { runProgram } from './run-program.ts';

export interface OwnPostgres {
  readonly url: string;
  /** Runs one statement in the database. */
  query(statement: string): Promise<Record<string, unknown>[]>;
  /** Copies the whole database, which nobody may use meanwhile. The returned function puts this state back, and may be called again. */
  copy(): Promise<() => Promise<void>>;
  /** Dumps the whole database as SQL with `pg_dump`. The returned function fills a new database of the same name from it with `psql`. */
  dump(): Promise<() => Promise<void>>;
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
    dump: async () => {
      const statements = await succeeded('pg_dump', ['--dbname', address.href]);
      return async () => {
        await onServer(server, `drop database ${name} with (force)`);
        await onServer(server, `create database ${name}`);
        await succeeded(
          'psql',
          ['--quiet', '--no-psqlrc', '--set=ON_ERROR_STOP=1', '--dbname', address.href],
          statements,
        );
      };
    },
    drop: async () => {
      for (const each of [name, ...copies]) await onServer(server, `drop database if exists ${each} with (force)`);
    },
  };
}

async function succeeded(program: string, args: readonly string[], input?: string): Promise<string> {
  const { code, out, err } = await runProgram(program, args, { within: 60_000, ...(input !== undefined && { input }) });
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${err}`);
  return out;
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
