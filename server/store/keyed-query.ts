/**
 * Queries by many keys, compiled once. Kysely takes longer to build such a query than SQLite takes to run it, and these queries run at
 * every connection.
 */
import type { CompiledQuery } from 'kysely';
import type { Db } from './database.ts';

/**
 * Query with a list of keys, which `build` may use several times. The number of placeholders that `build` receives is always a power of
 * two, so that few statements are prepared. A shorter list of keys is filled up with its last key.
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
    const parameters = [...query.parameters];
    for (let first = parameters.indexOf(marker(0)); first >= 0; first = parameters.indexOf(marker(0), first + width)) {
      for (let index = 0; index < width; index += 1) parameters[first + index] = keys[index] ?? keys.at(-1);
    }
    return (await db.executeQuery<Row>({ ...query, parameters })).rows;
  };
}
