/** Statements for many rows at once, in SQL that SQLite and PostgreSQL both accept. */
import { type RawBuilder, sql } from 'kysely';
import type { Schema } from './schema.ts';

export type Cell = string | number | null;

/**
 * A table of rows with the columns `column1`, `column2`, …. All rows are one JSON parameter, so the statement's text does not depend on the
 * number of rows and is prepared once.
 * The JSON is an object, because SQLite and PostgreSQL both have `jsonb_each` for objects.
 * Put this table first in a `cross join`. SQLite does not know the table's size and might otherwise read it again for each row of another
 * table.
 */
export function tableOf(
  types: readonly ('text' | 'bigint')[],
  rows: readonly (readonly Cell[])[],
): RawBuilder<unknown> {
  const columns = types.map((type, index) => `cast(value ->> ${index} as ${type}) as column${index + 1}`).join(', ');
  return sql`(select ${sql.raw(columns)} from jsonb_each(${JSON.stringify({ ...rows })}))`;
}

/**
 * Start of an `insert into … select` statement, to which the caller may add `on conflict` and `returning`. Kysely's own insert takes 30 µs
 * per row to compile.
 */
export function insertOf<Table extends keyof Schema, Columns extends Readonly<Record<string, 'text' | 'bigint'>>>(
  table: Table,
  columns: Columns & Readonly<Record<Exclude<keyof Columns, keyof Schema[Table]>, never>>,
  rows: readonly (readonly Cell[])[],
): RawBuilder<unknown> {
  const names = sql.join(Object.keys(columns).map((name) => sql.ref(name)));
  // Without `where true`, SQLite would parse `on conflict` as the condition of a join.
  return sql`insert into ${sql.table(table)} (${names}) select * from ${tableOf(Object.values(columns), rows)} as v where true`;
}

/** Splits rows into rounds in which each key occurs at most once. Rows with the same key stay in their order. */
export function roundsOf<Row>(rows: readonly Row[], key: (row: Row) => string): Row[][] {
  const rounds: Row[][] = [];
  const lastRounds = new Map<string, number>();
  for (const row of rows) {
    const round = lastRounds.get(key(row)) ?? 0;
    lastRounds.set(key(row), round + 1);
    const found = rounds[round];
    if (found) found.push(row);
    else rounds.push([row]);
  }
  return rounds;
}
