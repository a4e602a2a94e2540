/** Table builder for migrations. SQLite and PostgreSQL get the same columns, keys and text order. */
import { type ColumnDataType, type CreateTableBuilder, type Kysely, type RawBuilder, sql } from 'kysely';
import type { DialectName } from './dialect.ts';

type Type = ColumnDataType | RawBuilder<unknown>;

export interface Table {
  /** Comma-separated names with types: `text`, `int`, `bytes`, `serial` (the primary key). The suffix `?` allows null. */
  readonly columns: string;
  readonly key?: string;
  readonly unique?: readonly string[];
  readonly references?: Readonly<Record<string, string>>;
  readonly indexes?: readonly string[];
  /** SQL of indexes with a condition or an expression, by index name. The SQL is valid in both SQLite and PostgreSQL. */
  readonly special?: Readonly<Record<string, string>>;
  /** Stores the rows in the order of the primary key (SQLite only). This is suitable for small rows that are looked up by key. */
  readonly byKey?: true;
}

export async function createTables(
  db: Kysely<unknown>,
  dialect: DialectName,
  tables: Readonly<Record<string, Table>>,
): Promise<void> {
  for (const [name, table] of Object.entries(tables)) {
    await createTable(db, dialect, name, table);
    for (const columns of table.indexes ?? []) {
      await db.schema
        .createIndex(`${name}_by_${joined(columns)}`)
        .on(name)
        .columns(listOf(columns))
        .execute();
    }
    for (const [index, definition] of Object.entries(table.special ?? {})) {
      const unique = definition.startsWith('unique ');
      const on = unique ? definition.slice('unique '.length) : definition;
      await sql`create ${sql.raw(unique ? 'unique' : '')} index ${sql.ref(index)} on ${sql.table(name)} ${sql.raw(on)}`.execute(
        db,
      );
    }
  }
}

async function createTable(db: Kysely<unknown>, dialect: DialectName, name: string, table: Table): Promise<void> {
  const types: Record<string, Type> = {
    // PostgreSQL's default collation depends on the locale. `C` compares bytes, as SQLite does.
    text: dialect === 'postgres' ? sql`text collate "C"` : 'text',
    int: dialect === 'postgres' ? 'bigint' : 'integer',
    bytes: dialect === 'postgres' ? 'bytea' : 'blob',
  };
  let builder: CreateTableBuilder<string, string> = db.schema.createTable(name);
  for (const [column = '', spec = ''] of listOf(table.columns).map((entry) => entry.split(' '))) {
    if (spec === 'serial') {
      builder =
        dialect === 'postgres'
          ? builder.addColumn(column, 'bigserial', (made) => made.primaryKey())
          : builder.addColumn(column, 'integer', (made) => made.primaryKey().autoIncrement());
      continue;
    }
    const type = types[spec.replace('?', '')];
    if (!type) throw new Error(`The column ${name}.${column} has the unknown type ${spec}.`);
    builder = builder.addColumn(column, type, (made) => (spec.endsWith('?') ? made : made.notNull()));
  }
  if (table.key) builder = builder.addPrimaryKeyConstraint(`${name}_pkey`, listOf(table.key));
  for (const columns of table.unique ?? []) {
    builder = builder.addUniqueConstraint(`${name}_${joined(columns)}_key`, listOf(columns));
  }
  for (const [columns, reference] of Object.entries(table.references ?? {})) {
    const [target = '', targets = ''] = reference.replace(')', '').split('(');
    builder = builder.addForeignKeyConstraint(
      `${name}_${joined(columns)}_fkey`,
      listOf(columns),
      target,
      listOf(targets),
    );
  }
  if (table.byKey && dialect === 'sqlite') builder = builder.modifyEnd(sql`without rowid`);
  await builder.execute();
}

const listOf = (names: string): string[] => names.split(',').map((name) => name.trim());
const joined = (names: string): string => listOf(names).join('_');
