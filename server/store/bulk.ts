/** Many rows in one statement, said so that both dialects understand it. */
import { type RawBuilder, sql } from 'kysely';

export type Cell = string | number | null;

/**
 * The rows as a table that a statement can join: its columns are `column1`, `column2`, … on both dialects. They travel as one parameter,
 * so that the statement is the same however many rows there are, and is prepared once. A JSON object of rows, since over an object
 * both dialects have a `jsonb_each` that gives a `value`; SQLite's `json_each` would spell each row as text only to parse it again. In a
 * query it is the first of a `cross join`: SQLite knows nothing of its size and might else read it again for each row of the other table,
 * and a cross join keeps the order.
 */
export function tableOf(
  types: readonly ('text' | 'bigint')[],
  rows: readonly (readonly Cell[])[],
): RawBuilder<unknown> {
  const columns = types.map((type, index) => `cast(value ->> ${index} as ${type}) as column${index + 1}`).join(', ');
  return sql`(select ${sql.raw(columns)} from jsonb_each(${JSON.stringify({ ...rows })}))`;
}

/** `insert into … select`, to which a conflict clause and a `returning` may be added. With Kysely's own, a row costs 30 µs to compile. */
export function insertOf(
  table: string,
  columns: Readonly<Record<string, 'text' | 'bigint'>>,
  rows: readonly (readonly Cell[])[],
): RawBuilder<unknown> {
  const names = sql.join(Object.keys(columns).map((name) => sql.ref(name)));
  // SQLite would else take `on conflict` for the condition of a join.
  return sql`insert into ${sql.table(table)} (${names}) select * from ${tableOf(Object.values(columns), rows)} as v where true`;
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
