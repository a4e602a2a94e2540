/** Many rows in one statement, said so that both dialects understand it. */
import { type RawBuilder, sql } from 'kysely';

export type Cell = string | number | null;

/**
 * The rows as a table that an UPDATE can join: its columns are `column1`, `column2`, … on both dialects. PostgreSQL must be told the
 * types, since it takes an untyped parameter for text.
 */
export function tableOf(
  types: readonly ('text' | 'bigint')[],
  rows: readonly (readonly Cell[])[],
): RawBuilder<unknown> {
  const cells = (row: readonly Cell[]) =>
    row.map((cell, index) => sql`cast(${cell} as ${sql.raw(types[index] ?? 'text')})`);
  return sql`(values ${sql.join(rows.map((row) => sql`(${sql.join(cells(row))})`))})`;
}

/** Splits rows into rounds in which no key stands twice; each key's rows keep their order. */
export function roundsOf<Row>(rows: readonly Row[], key: (row: Row) => string): Row[][] {
  const rounds: Row[][] = [];
  const reached = new Map<string, number>();
  for (const row of rows) {
    const round = reached.get(key(row)) ?? 0;
    reached.set(key(row), round + 1);
    const found = rounds[round];
    if (found) found.push(row);
    else rounds.push([row]);
  }
  return rounds;
}
