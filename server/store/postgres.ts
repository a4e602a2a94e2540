/** Opens a pool on PostgreSQL whose integers arrive as JavaScript numbers, as SQLite's do. */
import { PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Opened } from './database.ts';

const INT8 = 20;
/** What `sum` over int8 gives. */
const NUMERIC = 1700;

export function openPostgres(url: string): Opened {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 10_000,
    // It compiles for half a second what takes a tenth of one to answer.
    onConnect: async (client) => void (await client.query('set jit = off')),
    types: {
      getTypeParser: (oid, format) =>
        oid === INT8 || oid === NUMERIC ? (value: string) => Number(value) : pg.types.getTypeParser(oid, format),
    },
  });
  // When the database ends a connection, whoever waits for a query on it gets that error; the event beside it has nothing to add, and
  // unheard it would end the process. The pool hears idle connections, nobody hears those in use.
  const heard = () => undefined;
  pool.on('error', heard);
  pool.on('connect', (client) => client.on('error', heard));
  return { dialect: new PostgresDialect({ pool }), file: null };
}
