/** Connection pool of PostgreSQL. Integers arrive as JavaScript numbers, as on SQLite. */
import { PostgresDialect } from 'kysely';
import type { OpenedDatabase } from './dialect.ts';
import { NAME_SESSION, trackConnections } from './postgres-sessions.ts';

const INT8 = 20;
/** PostgreSQL's type id of `sum` over int8. */
const NUMERIC = 1700;

export async function openPostgres(url: string): Promise<OpenedDatabase> {
  // The package is loaded only when needed, because most servers use SQLite.
  const { default: pg } = await import('pg');
  const connections = trackConnections();
  const pool = new pg.Pool({
    connectionString: url,
    stream: connections.open,
    max: 10,
    connectionTimeoutMillis: 10_000,
    // The just-in-time compiler would take half a second for queries that run in a tenth of a second.
    onConnect: async (client) => void (await client.query(`set jit = off; ${NAME_SESSION}`)),
    types: {
      getTypeParser: (oid, format) =>
        oid === INT8 || oid === NUMERIC ? (value: string) => Number(value) : pg.types.getTypeParser(oid, format),
    },
  });
  // pg reports a failed query also as an event. Without a listener, the event would end the process. The pool itself listens only on idle
  // connections.
  const ignore = () => undefined;
  pool.on('error', ignore);
  pool.on('connect', (client) => client.on('error', ignore));
  // The setting forces a sync at every commit. PostgreSQL can lose power or crash while this process continues.
  return { dialect: new PostgresDialect({ pool }), file: null, syncCommits: null, reset: connections.reset };
}
