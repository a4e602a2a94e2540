/**
 * Compares the tables of a database with the tables that its migrations create. A database of an unreleased version may have the same
 * migration names but lack a column, and the server would fail at the first use of that column.
 */
import BetterSqlite3 from 'better-sqlite3';
import { Kysely, type Migration, Migrator, type QueryExecutorProvider, SqliteDialect, sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { DialectName } from './dialect.ts';

/** Description of a table in words that SQLite and PostgreSQL share: `text`, `int?`, `(a, b)`, `unique (a, b)`. */
export interface TableShape {
  readonly columns: ReadonlyMap<string, string>;
  readonly key: string;
  readonly indexes: ReadonlyMap<string, string>;
  readonly constraints: ReadonlySet<string>;
}

export type SchemaShape = ReadonlyMap<string, TableShape>;

/**
 * Cache of the expected tables, by name of the last migration. To find the expected tables, the server runs the migrations in a temporary
 * database in memory. With the cache, a process that opens several databases does this only once.
 */
const expectedShapes = new Map<string, Promise<SchemaShape>>();

/** Compares the tables without writing. Throws `store_incompatible` if they differ from those that the migrations in `applied` create. */
export async function requireShape(
  db: QueryExecutorProvider,
  dialect: DialectName,
  applied: readonly string[],
  migrations: Record<string, Migration>,
): Promise<void> {
  const last = applied.at(-1);
  if (last === undefined) return;
  const expected = expectedShapes.getOrInsertComputed(last, () => expectedShape(last, migrations));
  const differences = compareShapes(await expected, await readShape(db, dialect));
  if (differences.length === 0) return;
  const more = differences.length > 3 ? `, and ${differences.length - 3} more differences` : '';
  throw new CordonError(
    'store_incompatible',
    `The tables of the database are not the tables of this version: ${differences.slice(0, 3).join('; ')}${more}. Another version of Cordon made the database, or a person changed it. Nothing was changed. Start the version that made it, or restore a backup of a released version.`,
    { differences: differences.slice(0, 20) },
  );
}

export async function expectedShape(last: string, migrations: Record<string, Migration>): Promise<SchemaShape> {
  const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database: new BetterSqlite3(':memory:') }) });
  try {
    const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
    const { error } = await migrator.migrateTo(last);
    if (error) throw error;
    return await readShape(db, 'sqlite');
  } finally {
    await db.destroy();
  }
}

/**
 * Returns the differences between the expected and the found tables of a database, as sentences. Ignores additional tables and additional
 * indexes that are not unique, because an admin may have added them and they cannot block a write.
 */
export function compareShapes(expected: SchemaShape, found: SchemaShape): string[] {
  const differences: string[] = [];
  for (const [name, table] of expected) {
    const other = found.get(name);
    if (!other) {
      differences.push(`the table ${name} is missing`);
      continue;
    }
    for (const [column, type] of table.columns) {
      const has = other.columns.get(column);
      if (has === undefined) differences.push(`the table ${name} lacks the column ${column}`);
      else if (has !== type) differences.push(`the column ${name}.${column} is ${has} instead of ${type}`);
    }
    for (const column of other.columns.keys()) {
      if (!table.columns.has(column)) differences.push(`the table ${name} has an unknown column ${column}`);
    }
    if (other.key !== table.key) differences.push(`the key of ${name} is ${other.key} instead of ${table.key}`);
    for (const [index, columns] of table.indexes) {
      const has = other.indexes.get(index);
      if (has === undefined) differences.push(`the index ${index} is missing`);
      else if (has !== columns) differences.push(`the index ${index} is on ${has} instead of ${columns}`);
    }
    for (const [index, columns] of other.indexes) {
      if (columns.startsWith('unique') && !table.indexes.has(index))
        differences.push(`${name} has an unknown ${index}`);
    }
    for (const constraint of table.constraints) {
      if (!other.constraints.has(constraint)) differences.push(`${name} lacks: ${constraint}`);
    }
    for (const constraint of other.constraints) {
      if (!table.constraints.has(constraint)) differences.push(`${name} has an unknown constraint: ${constraint}`);
    }
  }
  return differences;
}

interface ColumnRow {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly required: number | boolean;
  /** Position of the column in the primary key, from 1; 0 outside the key. */
  readonly key: number;
}

interface IndexRow {
  readonly table: string;
  readonly name: string;
  readonly unique: number | boolean;
  /** True if the index implements a unique constraint. The name of such an index differs between SQLite and PostgreSQL. */
  readonly constraint: number | boolean;
  readonly place: number;
  readonly column: string | null;
}

interface ForeignRow {
  readonly table: string;
  readonly id: number;
  readonly place: number;
  readonly column: string;
  readonly target: string;
  readonly targetColumn: string;
}

export async function readShape(db: QueryExecutorProvider, dialect: DialectName): Promise<SchemaShape> {
  const [columns, indexes, foreign] = dialect === 'sqlite' ? await readSqlite(db) : await readPostgres(db);
  const indexesOf = Map.groupBy(indexes, ({ table }) => table);
  const foreignOf = Map.groupBy(foreign, ({ table }) => table);
  return new Map(
    [...Map.groupBy(columns, ({ table }) => table)].map(([name, own]) => [
      name,
      shapeOf(own, indexesOf.get(name) ?? [], foreignOf.get(name) ?? []),
    ]),
  );
}

function shapeOf(
  columns: readonly ColumnRow[],
  indexes: readonly IndexRow[],
  foreign: readonly ForeignRow[],
): TableShape {
  const key = columns.filter((column) => column.key > 0).sort((a, b) => a.key - b.key);
  const constraints = new Set<string>();
  const named = new Map<string, string>();
  for (const [name, parts] of Map.groupBy(indexes, (row) => row.name)) {
    const on = listed(parts.sort((a, b) => a.place - b.place).map(({ column }) => column ?? 'expression'));
    const [first] = parts;
    if (first?.constraint) constraints.add(`unique ${on}`);
    else named.set(name, first?.unique ? `unique ${on}` : on);
  }
  for (const parts of Map.groupBy(foreign, ({ id }) => id).values()) {
    const sorted = parts.sort((a, b) => a.place - b.place);
    const from = listed(sorted.map(({ column }) => column));
    const to = listed(sorted.map(({ targetColumn }) => targetColumn));
    constraints.add(`foreign key ${from} to ${sorted[0]?.target} ${to}`);
  }
  return {
    columns: new Map(columns.map((row) => [row.name, `${typeOf(row.type)}${row.required || row.key > 0 ? '' : '?'}`])),
    key: listed(key.map(({ name }) => name)),
    indexes: named,
    constraints,
  };
}

const listed = (names: readonly string[]): string => `(${names.join(', ')})`;

const TYPES: Readonly<Record<string, string>> = {
  integer: 'int',
  bigint: 'int',
  bytea: 'bytes',
  blob: 'bytes',
};
const typeOf = (declared: string): string => TYPES[declared.toLowerCase()] ?? declared.toLowerCase();

type Rows = [ColumnRow[], IndexRow[], ForeignRow[]];

async function readSqlite(db: QueryExecutorProvider): Promise<Rows> {
  const ours = sql`m.type = 'table' and m.name not like 'sqlite\\_%' escape '\\' and m.name not like 'kysely\\_%' escape '\\'`;
  const columns = await sql<ColumnRow>`
    select m.name as "table", c.name, c.type, c."notnull" as required, c.pk as key
    from sqlite_master m join pragma_table_info(m.name) c where ${ours}`.execute(db);
  const indexes = await sql<IndexRow>`
    select m.name as "table", l.name, l."unique", l.origin = 'u' as "constraint", i.seqno as place, i.name as "column"
    from sqlite_master m join pragma_index_list(m.name) l join pragma_index_info(l.name) i
    where ${ours} and l.origin <> 'pk'`.execute(db);
  const foreign = await sql<ForeignRow>`
    select m.name as "table", f.id, f.seq as place, f."from" as "column", f."table" as target, f."to" as "targetColumn"
    from sqlite_master m join pragma_foreign_key_list(m.name) f where ${ours}`.execute(db);
  return [columns.rows, indexes.rows, foreign.rows];
}

/** Reads PostgreSQL's system catalog, which takes milliseconds. Queries on `information_schema` would take a hundred times as long. */
async function readPostgres(db: QueryExecutorProvider): Promise<Rows> {
  const ours = sql`c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace and c.relname not like 'kysely\\_%'`;
  const columns = await sql<ColumnRow>`
    select c.relname as "table", a.attname as name, format_type(a.atttypid, null) as type, a.attnotnull as required,
      coalesce(array_position(k.conkey, a.attnum), 0) as key
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      left join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
    where ${ours} order by c.relname, a.attnum`.execute(db);
  const indexes = await sql<IndexRow>`
    select c.relname as "table", i.relname as name, x.indisunique as unique, k.oid is not null as "constraint",
      part.place::int as place, a.attname as "column"
    from pg_class c join pg_index x on x.indrelid = c.oid and not x.indisprimary join pg_class i on i.oid = x.indexrelid
      left join pg_constraint k on k.conindid = x.indexrelid and k.contype = 'u'
      cross join lateral unnest(x.indkey::int2[]) with ordinality as part(attnum, place)
      left join pg_attribute a on a.attrelid = c.oid and a.attnum = part.attnum
    where ${ours}`.execute(db);
  const foreign = await sql<ForeignRow>`
    select c.relname as "table", k.oid::int8 as id, part.place::int as place, a.attname as "column", t.relname as target,
      b.attname as "targetColumn"
    from pg_class c join pg_constraint k on k.conrelid = c.oid and k.contype = 'f' join pg_class t on t.oid = k.confrelid
      cross join lateral unnest(k.conkey, k.confkey) with ordinality as part(own, other, place)
      join pg_attribute a on a.attrelid = c.oid and a.attnum = part.own
      join pg_attribute b on b.attrelid = t.oid and b.attnum = part.other
    where ${ours}`.execute(db);
  return [columns.rows, indexes.rows, foreign.rows];
}
