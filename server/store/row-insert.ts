/**
 * Inserts many rows with a few prepared statements that bind each value as a parameter. SQLite takes a third of the time that the same row
 * takes in the JSON parameter of `insertOf` (`bulk.ts`). Use this module for wide rows that many devices send at the same time.
 */
import { type CompiledQuery, type RawBuilder, sql } from 'kysely';
import type { Cell } from './bulk.ts';
import type { Db, Tx } from './database.ts';
import type { Schema } from './schema.ts';

/** Possible numbers of rows in one statement. This list is short, so that all statements stay prepared. */
const WIDTHS = [32, 16, 8, 4, 2, 1] as const;

/** Returns a function that inserts rows in the sequence of `columns`. `conflict`: clause `on conflict`, which each statement ends with. */
export function rowInsert<Table extends keyof Schema>(
  db: Db,
  table: Table,
  columns: readonly (keyof Schema[Table] & string)[],
  conflict: RawBuilder<unknown>,
): (tx: Tx, rows: readonly (readonly Cell[])[]) => Promise<void> {
  const names = sql.join(columns.map((name) => sql.ref(name)));
  const row = sql`(${sql.join(columns.map(() => sql`${null}`))})`;
  const compiled = new Map<number, CompiledQuery>();

  function statement(width: number): CompiledQuery {
    const known = compiled.get(width);
    if (known) return known;
    const values = sql.join(Array.from({ length: width }, () => row));
    const query = sql`insert into ${sql.table(table)} (${names}) values ${values} ${conflict}`.compile(db);
    compiled.set(width, query);
    return query;
  }

  return async (tx, rows) => {
    let at = 0;
    for (const width of WIDTHS) {
      for (; rows.length - at >= width; at += width) {
        await tx.executeQuery({ ...statement(width), parameters: rows.slice(at, at + width).flat() });
      }
    }
  };
}
