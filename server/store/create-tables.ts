/** How migrations write tables down, so that both dialects get the same columns, keys and order of text. */
import { type ColumnDataType, type CreateTableBuilder, type Kysely, type RawBuilder, sql } from 'kysely';
import type { DialectName } from './database.ts';

type Type = ColumnDataType | RawBuilder<unknown>;

export interface Table {
  /** Types: `text`, `int`, `bytes`, `serial`; a `?` allows null. */
  readonly columns: Record<string, string>;
  readonly key?: readonly string[];
  readonly unique?: readonly (readonly string[])[];
  /** `[columns, table, its columns]` */
  readonly references?: readonly (readonly [readonly string[], string, readonly string[]])[];
  readonly indexes?: readonly (readonly string[])[];
  /** Rows lie in the order of the key and are found at once: for small rows that are asked for by it. PostgreSQL has no such thing. */
  readonly byKey?: true;
}

export async function createTables(
  db: Kysely<unknown>,
  dialect: DialectName,
  tables: Readonly<Record<string, Table>>,
): Promise<void> {
  for (const [name, table] of Object.entries(tables)) await createTable(db, dialect, name, table);
}

async function createTable(db: Kysely<unknown>, dialect: DialectName, name: string, table: Table): Promise<void> {
  // PostgreSQL would sort and compare text by its locale; `C` is byte order, which is SQLite's.
  const text: Type = dialect === 'postgres' ? sql`text collate "C"` : 'text';
  const types: Record<string, Type> = {
    text,
    int: dialect === 'postgres' ? 'bigint' : 'integer',
    bytes: dialect === 'postgres' ? 'bytea' : 'blob',
  };
  let builder: CreateTableBuilder<string, string> = db.schema.createTable(name);
  for (const [column, spec] of Object.entries(table.columns)) {
    if (spec === 'serial') {
      builder =
        dialect === 'postgres'
          ? builder.addColumn(column, 'bigserial', (made) => made.primaryKey())
          : builder.addColumn(column, 'integer', (made) => made.primaryKey().autoIncrement());
      continue;
    }
    const nullable = spec.endsWith('?');
    const type = types[nullable ? spec.slice(0, -1) : spec];
    if (!type) throw new Error(`${name}.${column}: no such type as ${spec}`);
    builder = builder.addColumn(column, type, (made) => (nullable ? made : made.notNull()));
  }
  if (table.key) builder = builder.addPrimaryKeyConstraint(`${name}_key`, [...table.key]);
  for (const columns of table.unique ?? []) {
    builder = builder.addUniqueConstraint(`${name}_${columns.join('_')}_once`, [...columns]);
  }
  for (const [columns, target, targets] of table.references ?? []) {
    builder = builder.addForeignKeyConstraint(`${name}_${columns.join('_')}_of`, [...columns], target, [...targets]);
  }
  if (table.byKey && dialect === 'sqlite') builder = builder.modifyEnd(sql`without rowid`);
  await builder.execute();
  for (const columns of table.indexes ?? []) {
    await db.schema
      .createIndex(`${name}_by_${columns.join('_')}`)
      .on(name)
      .columns([...columns])
      .execute();
  }
}
