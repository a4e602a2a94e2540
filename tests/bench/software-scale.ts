/**
 * Software inventory of 100,000 devices with 300 packages each: size of the store, CPU time of the queries of the software page, and CPU time
 * of the reports. The queries run in this process, on SQLite. Each query also measures the longest time in which no other work could run.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Inventories } from '../../server/inventory/inventory.ts';
import { type Database, openDatabase } from '../../server/store/database.ts';
import { allIds } from '../../server/store/device-list.ts';
import { parseHomeArea } from '../../shared/areas/area-code.ts';
import type { SoftwareEntry } from '../../shared/inventory/software.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import { testInventories } from '../support/inventories.ts';
import { reportOf, testState } from '../support/inventory-state.ts';
import { longestTurn } from '../support/longest-turn.ts';
import { addLargeFleet } from './large-fleet.ts';
import { type Bench, type Extent, FULL, runsOf, type Sample, sized } from './measure.ts';
import { addSoftware, entriesOf, PACKAGES, softwareBytes } from './software-fleet.ts';

const NOW = Date.parse('2026-11-01T12:00:00.000Z');
const DEVICES = 100_000;
const MEBIBYTE = 2 ** 20;
/** Budgets: MiB of the store, CPU milliseconds of a query, and of a report. */
const MOST_STORE = 200;
const MOST_QUERY = 600;
const MOST_FIRST_REPORT = 25;
const MOST_DIFFERENCE = 6;
/** Milliseconds for which a query may hold up other work. */
const MOST_TURN = 50;

export interface SoftwareWorld {
  readonly database: Database;
  readonly inventories: Inventories;
  readonly openssl: number;
}

export async function fillSoftware(database: Database, extent = FULL): Promise<SoftwareWorld> {
  await addLargeFleet(database, sized(DEVICES, extent), NOW);
  const ids = await allIds(database, { filter: {}, scope: null, now: NOW });
  await addSoftware(database, ids.sort());
  const inventories = await testInventories(database);
  const { items } = await inventories.software.list({ ...FIRST_PAGE, exact: 'openssl' });
  await inventories.advisories.importFile(Buffer.from(JSON.stringify(ADVISORIES)));
  return { database, inventories, openssl: items[0]?.id ?? 0 };
}

const FIRST_PAGE = { text: null, exact: null, source: null, cursor: null, limit: 50, scope: null };
const DEVICE_PAGE = { scope: null, cursor: 0, limit: 50 };
const PAKISTAN = [{ group: null, homes: [parseHomeArea('PK')] }];
const ADVISORIES = Array.from({ length: 50 }, (_, index) => ({
  id: `DSA-${index}-1`,
  modified: '2026-10-01T00:00:00Z',
  affected: [
    {
      package: { ecosystem: 'Debian:12', name: index === 0 ? 'openssl' : `package-${index * 3}` },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '3.0.15-1~deb12u1' }] }],
    },
  ],
}));

export const QUERIES: Readonly<Record<string, (world: SoftwareWorld) => Promise<number>>> = {
  who: async ({ inventories, openssl }) =>
    (await inventories.software.devices(openssl, { below: '3.0.15' }, DEVICE_PAGE)).total,
  'who-scope': async ({ inventories, openssl }) =>
    (await inventories.software.devices(openssl, { below: '3.0.15' }, { ...DEVICE_PAGE, scope: PAKISTAN })).total,
  list: async ({ inventories }) => (await inventories.software.list(FIRST_PAGE)).items.length,
  search: async ({ inventories }) => (await inventories.software.list({ ...FIRST_PAGE, text: 'age-59' })).items.length,
  title: async ({ inventories, openssl }) => (await inventories.software.show(openssl, null)).versions.length,
  advisories: async ({ inventories }) =>
    (await inventories.advisories.list({ text: null, cursor: null, limit: 50, scope: null })).advisories.filter(
      ({ devices }) => devices > 0,
    ).length,
};

function open(extent: Extent): Promise<SoftwareWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-bench-software-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return openDatabase({ file: join(folder, 'cordon.db') }).then((database) => fillSoftware(database, extent));
}

export async function costOf(work: () => Promise<unknown>): Promise<{ cpu: number; wall: number; turn: number }> {
  const began = process.cpuUsage();
  const start = performance.now();
  const end = longestTurn();
  await work();
  const turn = end();
  const { user, system } = process.cpuUsage(began);
  return { cpu: (user + system) / 1000, wall: performance.now() - start, turn };
}

type OpenWorld = () => Promise<SoftwareWorld>;

const query = (name: string, world: OpenWorld, turns: number[], { runs }: Extent): Bench => {
  const walls: number[] = [];
  return {
    name: `software-${name}`,
    unit: 'ms of CPU',
    budget: MOST_QUERY,
    better: 'less',
    async run() {
      const samples: Sample[] = [];
      for (let run = -1; run < runs; run += 1) {
        const opened = await world();
        const { cpu, wall, turn } = await costOf(async () => {
          const found = await QUERIES[name]?.(opened);
          if (!found) throw new Error(`the query ${name} found nothing`);
        });
        if (run < 0) continue;
        turns.push(turn);
        walls.push(wall);
        samples.push({ value: cpu, floor: null, busy: null });
      }
      return samples;
    },
    notes: async () => [`by the clock on the wall: at most ${Math.max(...walls).toFixed(0)} ms`],
  };
};

/** Reports of devices that the store does not know, or small differences, in the shared transactions of the intake. */
async function reports(
  { database, inventories }: SoftwareWorld,
  kind: 'first' | 'difference',
  count: number,
): Promise<number> {
  const rows = await database.db.selectFrom('device_software').select('device_id').limit(count).execute();
  const devices = rows.map((row): DeviceId => deviceIdSchema.parse(row.device_id));
  // The rows of the fleet contain a text of the usual size, which no agent reported.
  await database.db.deleteFrom('device_inventory').where('device_id', 'in', devices).execute();
  const base = devices.map((_, index) => testState(`host-${index}`, entriesOf(index + 500_000)));
  const put = (from: (index: number) => ReturnType<typeof reportOf>) =>
    costOf(() => Promise.all(devices.map((device, index) => inventories.put(device, from(index)))));
  const first = await put((index) => reportOf(base[index] ?? testState(null)));
  if (kind === 'first') return first.cpu / count;
  const next = base.map((state) => ({ ...state, software: entriesWithUpdates(state.software) }));
  const difference = await put((index) => reportOf(next[index] ?? testState(null), base[index]));
  return difference.cpu / count;
}

/** Five packages with another version. */
const entriesWithUpdates = (entries: readonly SoftwareEntry[]) =>
  entries.map(
    (entry, index): SoftwareEntry => (index % 60 === 0 ? [entry[0], entry[1], '3.0.17-1~deb12u1', ''] : entry),
  );

const REPORTS = 300;

/** Figures of one store, which the first benchmark fills. */
export function softwareBenches(extent: Extent): Bench[] {
  let opened: Promise<SoftwareWorld> | null = null;
  const world: OpenWorld = () => (opened ??= open(extent));
  const turns: number[] = [];
  const count = sized(REPORTS, extent);
  const report = (kind: 'first' | 'difference', budget: number): Bench => ({
    name: `software-${kind}`,
    unit: 'ms of CPU',
    budget,
    better: 'less',
    async run() {
      const samples: Sample[] = [];
      for (let run = 0; run < runsOf(2, extent); run += 1)
        samples.push({ value: await reports(await world(), kind, count), floor: null, busy: null });
      return samples;
    },
  });
  return [
    {
      name: 'software-store',
      unit: 'MiB',
      budget: MOST_STORE,
      better: 'less',
      run: async () => {
        const sizes = Object.values(await softwareBytes((await world()).database));
        return [{ value: sizes.reduce((sum, bytes) => sum + bytes, 0) / MEBIBYTE, floor: null, busy: null }];
      },
      notes: async () => {
        const sizes = await softwareBytes((await world()).database);
        const parts = Object.entries(sizes).map(([name, bytes]) => `${name} ${(bytes / MEBIBYTE).toFixed(1)} MiB`);
        return [`${sized(DEVICES, extent)} devices × ${PACKAGES} packages: ${parts.join(', ')}`];
      },
    },
    ...Object.keys(QUERIES).map((name) => query(name, world, turns, extent)),
    {
      name: 'software-turn',
      unit: 'ms of CPU',
      budget: MOST_TURN,
      better: 'less',
      run: async () => [{ value: Math.max(...turns), floor: null, busy: null }],
    },
    report('first', MOST_FIRST_REPORT),
    report('difference', MOST_DIFFERENCE),
  ];
}
