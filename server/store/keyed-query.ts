/**
 * A query about many keys that is built and compiled once: for Kysely a query costs more to build than SQLite takes to answer it, and these
 * are asked at every connect.
 */
import type { CompiledQuery } from 'kysely';
import type { Db } from './database.ts';

/**
 * `build` names the keys in one `in`, and is called once for each power of two up to the most keys that are asked for: fewer are filled up
 * with the last.
 */
export function keyedQuery<Row>(
  db: Db,
  build: (keys: readonly string[]) => { compile(): CompiledQuery<Row> },
): (keys: readonly string[]) => Promise<Row[]> {
  const compiled = new Map<number, CompiledQuery<Row>>();
  const marker = (index: number) => `key ${index}`;

  return async (keys) => {
    if (keys.length === 0) return [];
    const width = 2 ** Math.ceil(Math.log2(keys.length));
    let query = compiled.get(width);
    if (!query) {
      query = build(Array.from({ length: width }, (_, index) => marker(index))).compile();
      compiled.set(width, query);
    }
    const first = query.parameters.indexOf(marker(0));
    const parameters = [...query.parameters];
    for (let index = 0; index < width; index += 1) parameters[first + index] = keys[index] ?? keys.at(-1);
    return (await db.executeQuery<Row>({ ...query, parameters })).rows;
  };
}
