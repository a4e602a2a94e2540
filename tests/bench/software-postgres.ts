/**
 * `node tests/bench/software-postgres.ts`: the queries of `software-scale.ts` on PostgreSQL, in a new database on the server in
 * `CORDON_TEST_DATABASE_URL`. Prints the size of the tables. For each query, it prints elapsed milliseconds and the longest time
 * in which no other work could run (medians of five runs).
 */
import { openDatabase } from '../../server/store/database.ts';
import { createOwnDatabase, onDatabase, POSTGRES_SERVER } from '../support/postgres.ts';
import { median } from './measure.ts';
import { softwareBytes } from './software-fleet.ts';
import { costOf, fillSoftware, QUERIES } from './software-scale.ts';

const RUNS = 5;

if (POSTGRES_SERVER === '') throw new Error('Set CORDON_TEST_DATABASE_URL to a PostgreSQL server.');
const own = await createOwnDatabase(POSTGRES_SERVER, 'bench');
try {
  const database = await openDatabase({ url: own.url });
  const world = await fillSoftware(database);
  // Updates the planner's statistics, as autovacuum does soon after so many inserts.
  await onDatabase(own.url, (client) => client.query('vacuum analyze'));
  for (const [table, bytes] of Object.entries(await softwareBytes(database)))
    console.log(`${table}: ${(bytes / 2 ** 20).toFixed(1)} MiB`);
  for (const [name, query] of Object.entries(QUERIES)) {
    const costs: Awaited<ReturnType<typeof costOf>>[] = [];
    await query(world);
    for (let run = 0; run < RUNS; run += 1) costs.push(await costOf(() => query(world)));
    const of = (part: 'wall' | 'turn') => median(costs.map((cost) => cost[part])).toFixed(0);
    console.log(`${name}: ${of('wall')} ms, longest turn ${of('turn')} ms`);
  }
  await database.close();
} finally {
  await own.drop();
}
