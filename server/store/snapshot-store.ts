/**
 * Consistent snapshot of all tables, read in one transaction on a separate connection while writes continue. SQLite and PostgreSQL return
 * the same rows in the same order, so a backup of one can be restored into the other.
 */
import { setImmediate as turn } from 'node:timers/promises';
import BetterSqlite3 from 'better-sqlite3';
import { type Kysely, sql } from 'kysely';
import type { SnapshotStore as Port, SnapshotReader, StoreFacts, TableRows, Value } from '../recovery/ports.ts';
import type { Database } from './database.ts';
import type { Schema } from './schema.ts';
import { asStoreError } from './store-errors.ts';

/** Limits of one group of rows: a group ends when it reaches either limit. */
const ROWS_AT_ONCE = 500;
const BYTES_AT_ONCE = 1024 * 1024;

export interface TableShape {
  readonly table: string;
  readonly columns: readonly string[];
  readonly references: readonly string[];
}

export class SnapshotStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async snapshot<T>(read: (reader: SnapshotReader) => Promise<T>): Promise<T> {
    return this.#database.file === null ? await this.#onPostgres(read) : await onSqlite(this.#database.file, read);
  }

  #onPostgres<T>(read: (reader: SnapshotReader) => Promise<T>): Promise<T> {
    return this.#database.db.connection().execute(async (db) => {
      await sql`begin isolation level repeatable read read only`.execute(db);
      try {
        const shapes = inOrder(await postgresShapes(db));
        const query: Query = async (text) => (await sql.raw<Record<string, Value>>(text).execute(db)).rows;
        return await read({
          facts: await factsOf('postgres', query),
          tables: async function* () {
            for (const { table, columns } of shapes) {
              await sql`declare rows_of_backup no scroll cursor for ${sql.raw(selectOf(table, columns))}`.execute(db);
              for (;;) {
                const rows = await query(`fetch ${ROWS_AT_ONCE} from rows_of_backup`);
                if (rows.length === 0) break;
                const values = rows.map((row) => columns.map((column) => row[column] ?? null));
                yield* inGroups(table, columns, values);
              }
              await sql`close rows_of_backup`.execute(db);
            }
          },
        });
      } finally {
        await sql`rollback`.execute(db);
      }
    });
  }
}

async function onSqlite<T>(file: string, read: (reader: SnapshotReader) => Promise<T>): Promise<T> {
  const db = openReadOnly(file);
  try {
    db.exec('begin');
    const shapes = inOrder(sqliteShapes(db));
    return await read({
      facts: await factsOf('sqlite', async (text) => db.prepare<[], Record<string, Value>>(text).all()),
      tables: async function* () {
        for (const { table, columns } of shapes) {
          let rows: Value[][] = [];
          for (const row of db.prepare<[], Value[]>(selectOf(table, columns)).raw().iterate()) {
            rows.push(row);
            if (rows.length < ROWS_AT_ONCE && row.every((value) => sizeOf(value) < BYTES_AT_ONCE / ROWS_AT_ONCE))
              continue;
            yield* inGroups(table, columns, rows);
            rows = [];
            await turn();
          }
          yield* inGroups(table, columns, rows);
        }
      },
    });
  } finally {
    db.close();
  }
}

function openReadOnly(file: string): BetterSqlite3.Database {
  try {
    return new BetterSqlite3(file, { readonly: true, timeout: 5000 });
  } catch (error) {
    throw asStoreError(error);
  }
}

/** A group of rows is also limited by bytes, because an attachment has megabytes and most rows have some hundred bytes. */
function* inGroups(
  table: string,
  columns: readonly string[],
  rows: readonly (readonly Value[])[],
): Generator<TableRows> {
  let group: (readonly Value[])[] = [];
  let bytes = 0;
  for (const row of rows) {
    group.push(row);
    bytes += row.reduce<number>((sum, value) => sum + sizeOf(value), 0);
    if (bytes < BYTES_AT_ONCE) continue;
    yield { table, columns, rows: group };
    group = [];
    bytes = 0;
  }
  if (group.length > 0) yield { table, columns, rows: group };
}

const sizeOf = (value: Value): number => (typeof value === 'string' || Buffer.isBuffer(value) ? value.length : 8);

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * Columns that are null in a backup. A restored server learns a device's address at the next connection. In old backups, the addresses
 * would show where people were (ADR 55).
 */
const WITHOUT: Readonly<Record<string, readonly string[]>> = { device_presence: ['address'] };

function selectOf(table: string, columns: readonly string[]): string {
  const values = columns.map((name) => (WITHOUT[table]?.includes(name) ? `null as ${quoted(name)}` : quoted(name)));
  return `select ${values.join(', ')} from ${quoted(table)}`;
}

type Query = (text: string) => Promise<readonly Record<string, Value>[]>;

async function factsOf(dialect: StoreFacts['dialect'], query: Query): Promise<StoreFacts> {
  const firstRow = async (text: string) => (await query(text))[0] ?? {};
  const number = async (text: string) => Number((await firstRow(text))['value'] ?? 0);
  const migrations = await query('select name from kysely_migration order by name');
  const installation = await firstRow(`select value from meta where key = 'installation'`);
  const checkpoint = await firstRow('select note as value from checkpoints order by size desc limit 1');
  return {
    dialect,
    migrations: migrations.map(({ name }) => String(name)),
    installation: String(installation['value']),
    ledger: {
      size: await number('select coalesce(max(entry_index) + 1, 0) as value from ledger_entries'),
      checkpoint: typeof checkpoint['value'] === 'string' ? checkpoint['value'] : null,
    },
    versions: {
      list: await number('select max(version) as value from order_lists'),
      crl: await number('select max(number) as value from crls'),
      approvers: await number(`select max(version) as value from approver_sets where state = 'adopted'`),
    },
  };
}

export function inOrder(shapes: readonly TableShape[]): TableShape[] {
  const remaining = new Map(shapes.map((shape) => [shape.table, shape]));
  const ordered: TableShape[] = [];
  const visit = (shape: TableShape) => {
    if (!remaining.delete(shape.table)) return;
    for (const name of shape.references) {
      const referenced = remaining.get(name);
      if (referenced) visit(referenced);
    }
    ordered.push(shape);
  };
  for (const shape of shapes.toSorted((a, b) => (a.table < b.table ? -1 : 1))) visit(shape);
  return ordered;
}

/** Tables of a backup: all tables except those of the migrator and of SQLite itself. */
export async function tableShapes(database: Pick<Database, 'db' | 'file'>): Promise<TableShape[]> {
  if (database.file === null) return inOrder(await postgresShapes(database.db));
  const db = openReadOnly(database.file);
  try {
    return inOrder(sqliteShapes(db));
  } finally {
    db.close();
  }
}

function sqliteShapes(db: BetterSqlite3.Database): TableShape[] {
  const tables = db
    .prepare<[], { name: string }>(
      `select name from sqlite_schema where type = 'table' and name not like 'sqlite^_%' escape '^' and name not like 'kysely^_%' escape '^'`,
    )
    .all();
  return tables.map(({ name: table }) => ({
    table,
    columns: db
      .prepare<[string], { name: string }>('select name from pragma_table_info(?) order by name')
      .all(table)
      .map(({ name }) => name),
    references: db
      .prepare<[string], { table: string }>('select "table" from pragma_foreign_key_list(?)')
      .all(table)
      .map((reference) => reference.table),
  }));
}

async function postgresShapes(db: Kysely<Schema>): Promise<TableShape[]> {
  const { rows } = await sql<{ table: string; columns: string[]; references: string[] | null }>`
    select tables.relname as "table",
      (select array_agg(columns.attname::text order by columns.attname::text collate "C") from pg_attribute as columns
        where columns.attrelid = tables.oid and columns.attnum > 0 and not columns.attisdropped) as columns,
      (select array_agg(targets.relname::text) from pg_constraint as foreigns
        join pg_class as targets on targets.oid = foreigns.confrelid
        where foreigns.conrelid = tables.oid and foreigns.contype = 'f') as "references"
    from pg_class as tables join pg_namespace as schemas on schemas.oid = tables.relnamespace
    where schemas.nspname = current_schema() and tables.relkind = 'r' and tables.relname not like 'kysely^_%' escape '^'`.execute(
    db,
  );
  return rows.map(({ table, columns, references }) => ({ table, columns, references: references ?? [] }));
}
