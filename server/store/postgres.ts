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
    types: {
      getTypeParser: (oid, format) =>
        oid === INT8 || oid === NUMERIC ? (value: string) => Number(value) : pg.types.getTypeParser(oid, format),
    },
  });
  // An idle connection that the database ends is no error of anybody's query: the pool replaces it. Unheard, it would end the process.
  pool.on('error', () => undefined);
  return { dialect: new PostgresDialect({ pool }), file: null };
}
