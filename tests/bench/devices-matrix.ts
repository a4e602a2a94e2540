/**
 * `node tests/bench/devices-matrix.ts`: the list of 100,000 devices with every filter and sort order, at its start, middle and end, in
 * milliseconds (best of three). It measures CPU time on SQLite. On PostgreSQL it measures elapsed time, in a new database on the server in
 * `CORDON_TEST_DATABASE_URL`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEVICE_SORTS, type DeviceFilter } from '../../server/devices/ports.ts';
import type { Scope } from '../../server/devices/scope.ts';
import { type Database, openDatabase } from '../../server/store/database.ts';
import type { GroupId } from '../../shared/protocol/ids.ts';
import { createOwnDatabase, onDatabase, POSTGRES_SERVER } from '../support/postgres.ts';
import { askOf, fill, PK } from './devices-list.ts';

const RUNS = 3;

async function best(work: () => Promise<unknown>, clock: () => number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run += 1) {
    const began = clock();
    await work();
    least = Math.min(least, clock() - began);
  }
  return least;
}

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

async function matrix(database: Database, groups: readonly GroupId[], clock: () => number): Promise<void> {
  const { page, overview } = askOf(database);
  const active = { status: 'active' } as const;
  const [, group] = groups;
  const filters: Record<string, DeviceFilter> = {
    all: {},
    active,
    'of a group': { ...active, ...(group && { group }) },
    'in a country': { ...active, area: PK },
    connected: { ...active, connected: true },
    'not connected': { ...active, connected: false },
    'text of many': { ...active, text: 'a' },
    'text of few': { ...active, text: 'khan 12' },
    'a host name': { ...active, text: 'host-77' },
    'all at once': { ...active, text: 'khan', area: PK, connected: true },
  };
  const scopes: Record<string, Scope> = {
    '': null,
    ' of homes': [{ group: null, homes: [PK] }],
    ' of groups': groups.slice(0, 3).map((one) => ({ group: one, homes: null })),
  };
  console.log(`${'first, middle, end, by'.padEnd(28)}${DEVICE_SORTS.map((sort) => sort.padEnd(18)).join('')}devices`);
  for (const [name, filter] of Object.entries(filters)) {
    for (const [within, scope] of Object.entries(scopes)) {
      const total = await page({ filter, scope });
      const cells: string[] = [];
      for (const sort of DEVICE_SORTS) {
        for (const offset of [0, Math.floor(total / 2), Math.max(0, total - 50)]) {
          cells.push((await best(() => page({ filter, scope, sort, offset }), clock)).toFixed(0).padStart(5));
        }
        cells.push('   ');
      }
      console.log(`${`${name}${within}`.padEnd(26)}${cells.join('')}${total}`);
    }
  }
  for (const [within, scope] of Object.entries(scopes)) {
    console.log(`overview${within}: ${(await best(() => overview(scope), clock)).toFixed(0)}`);
  }
}

async function onSqlite(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-bench-matrix-'));
  try {
    const database = await openDatabase({ file: join(folder, 'cordon.db') });
    console.log('SQLite');
    await matrix(database, await fill(database), cpu);
    await database.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function onPostgres(server: string): Promise<void> {
  const own = await createOwnDatabase(server, 'bench');
  try {
    const database = await openDatabase({ url: own.url });
    const groups = await fill(database);
    // Updates the planner's statistics, as autovacuum does soon after so many inserts.
    await onDatabase(own.url, (client) => client.query('vacuum analyze'));
    console.log('PostgreSQL');
    await matrix(database, groups, () => performance.now());
    await database.close();
  } finally {
    await own.drop();
  }
}

await onSqlite();
if (POSTGRES_SERVER !== '') await onPostgres(POSTGRES_SERVER);
