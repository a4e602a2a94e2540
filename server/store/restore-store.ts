/**
 * Fills an empty database with the rows of a backup from SQLite or PostgreSQL. Then one transaction adapts the rows to events after the
 * backup. For example, the transaction revokes certificates that were revoked after the backup, and ends all sessions.
 */
import { sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { RestoreWork, TableRows } from '../recovery/ports.ts';
import { connectDatabase, type Database, type DatabaseAddress } from './database.ts';
import { migrate, migrateAsOf } from './migrate.ts';
import { restoreSteps } from './restore-steps.ts';
import { tableShapes } from './snapshot-store.ts';

/** Maximum number of parameters in a statement. SQLite accepts 32,766. */
const PARAMETERS = 30_000;
/**
 * Opens a database without tables. `replace`: true to remove existing tables first. If false, throws `conflict` if the database has any
 * table.
 */
export async function openEmpty(where: DatabaseAddress, replace: boolean): Promise<Database> {
  const { database, empty } = await connectDatabase(where);
  try {
    if (!empty && !replace) {
      throw new CordonError(
        'conflict',
        'The database is not empty. Nothing was changed. Restore into an empty one, or give --replace to remove what is there.',
      );
    }
    if (!empty) await dropAll(database);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function dropAll({ db, dialect }: Database): Promise<void> {
  if (dialect === 'sqlite') throw new Error('a SQLite store is restored into a new file');
  await sql`do $$ begin execute (
    select coalesce('drop table ' || string_agg(quote_ident(tablename), ', ') || ' cascade', 'select 1')
    from pg_tables where schemaname = current_schema()
  ); end $$`.execute(db);
}

/**
 * Fills an empty database with a backup's rows, and then migrates the database to the tables of the running version of Cordon.
 * `migrations`: names of the migrations that the backup lists.
 */
export async function fillDatabase(
  database: Database,
  migrations: readonly string[],
  groups: AsyncIterable<TableRows>,
): Promise<void> {
  const { db, dialect } = database;
  await migrateAsOf(db, dialect, migrations);
  const columns = new Map((await tableShapes(database)).map((shape) => [shape.table, new Set(shape.columns)]));
  // The rows are inserted without one transaction around all of them, because the server never uses an incomplete restore.
  for await (const { table, columns: names, rows } of groups) {
    const known = columns.get(table);
    if (!known || names.some((name) => !known.has(name))) {
      throw new CordonError(
        'backup_damaged',
        `The backup has a table or column that this version does not know: ${table}.`,
      );
    }
    const most = Math.max(1, Math.floor(PARAMETERS / names.length));
    for (let from = 0; from < rows.length; from += most) {
      const values = rows.slice(from, from + most).map((row) => sql`(${sql.join([...row])})`);
      await sql`insert into ${sql.table(table)} (${sql.join(names.map((name) => sql.ref(name)))})
        values ${sql.join(values)}`.execute(db);
    }
  }
  if (dialect === 'postgres') await continueSequences(database);
  await migrate(db, dialect);
}

/** PostgreSQL does not advance a sequence for rows that are inserted with an id. */
async function continueSequences({ db }: Database): Promise<void> {
  const { rows } = await sql<{ table: string; column: string; sequence: string }>`
    select c.relname as "table", a.attname as "column", pg_get_serial_sequence(quote_ident(c.relname), a.attname) as sequence
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = current_schema() and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
      and pg_get_serial_sequence(quote_ident(c.relname), a.attname) is not null`.execute(db);
  for (const { table, column, sequence } of rows) {
    await sql`select setval(${sequence}, coalesce((select max(${sql.ref(column)}) from ${sql.table(table)}), 0) + 1, false)`.execute(
      db,
    );
  }
}

export function restoreWith<T>(database: Database, work: (steps: RestoreWork) => Promise<T>): Promise<T> {
  return database.transaction((tx) => work(restoreSteps(tx)));
}
