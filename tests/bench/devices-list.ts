/**
 * Queries of the device list and the overview over 100,000 devices: one page with the total, at any offset, with any filter and sort order.
 * The floor counts the active devices and reads the rows of one page by their identifiers, with prepared statements only. The benchmark
 * runs in this process, on SQLite. `devices-matrix.ts` covers more combinations, and PostgreSQL.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { LocalBus } from '../../server/bus/bus.ts';
import { createDevices, type Devices, type ListDevices } from '../../server/devices/devices.ts';
import { type Database, openDatabase } from '../../server/store/database.ts';
import { deviceStores } from '../../server/store/device-stores.ts';
import { OverviewStore } from '../../server/store/overview-store.ts';
import { parseHomeArea } from '../../shared/areas/area-code.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { longestTurn } from '../support/longest-turn.ts';
import { testPersonKeys } from '../support/person-keys.ts';
import { addLargeFleet, LIST_VERSION } from './large-fleet.ts';
import { type Bench, type Extent, FULL, firstRun, type Sample, sized } from './measure.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-01T12:00:00.000Z');
const DEVICES = 100_000;
const PAGE = 50;
/** Budget as a ratio: about 30 ms for Cordon, while the floor takes 4.5 ms. */
const BUDGET = 7;
/** Milliseconds of CPU for a list without an index. The server reads all devices, in steps that each take milliseconds. */
const SCAN_BUDGET = 400;
/** Milliseconds for which a step may hold up other work. */
const MOST_TURN = 50;

export const PK = parseHomeArea('PK');

export interface Asked {
  readonly devices: Devices;
  page(query: Omit<ListDevices, 'scope' | 'limit'> & Partial<Pick<ListDevices, 'scope'>>): Promise<number>;
  overview(scope?: ListDevices['scope']): Promise<number>;
}

export function askOf(database: Database): Asked {
  const devices = createDevices({
    ...deviceStores(database, testPersonKeys()),
    bus: new LocalBus(),
    clock: new DrivenClock(NOW),
    followers: { deviceChanged: async () => undefined },
  });
  const counts = new OverviewStore(database);
  return {
    devices,
    async page(query) {
      const { items, total } = await devices.list({ scope: null, limit: PAGE, ...query });
      const expected = Math.min(PAGE, Math.max(0, total - (query.offset ?? 0)));
      if (total === 0 || items.length !== expected) throw new Error(`${items.length} devices instead of ${expected}`);
      return total;
    },
    async overview(scope = null) {
      const question = { scope, now: NOW, silentBefore: NOW - 7 * DAY, listVersion: LIST_VERSION };
      const [fleet, areas] = await Promise.all([counts.fleet(question), counts.areas(question)]);
      await counts.alertsSince(NOW - DAY, scope);
      if (areas.length === 0 || fleet.known === 0) throw new Error('the fleet is nowhere');
      return fleet.total;
    },
  };
}

export const fill = (database: Database, extent = FULL) => addLargeFleet(database, sized(DEVICES, extent), NOW);

interface World {
  readonly database: Database;
  readonly asked: Asked;
  readonly size: number;
  floor(): void;
}

async function open(extent: Extent): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-bench-devices-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'cordon.db');
  const database = await openDatabase({ file });
  await fill(database, extent);
  const asked = askOf(database);
  const { items } = await asked.devices.list({ scope: null, limit: PAGE });
  const bare = new BetterSqlite3(file, { readonly: true });
  const count = bare.prepare("select count(*) from devices where status = 'active'");
  const page = bare.prepare(`select * from devices
    join groups on groups.id = devices.group_id
    left join device_presence on device_presence.device_id = devices.id
    left join device_inventory on device_inventory.device_id = devices.id
    where devices.id in (select value from json_each(?))`);
  const ids = JSON.stringify(items.map(({ id }) => id));
  return {
    database,
    asked,
    size: sized(DEVICES, extent),
    floor() {
      count.all();
      if (page.all(ids).length !== PAGE) throw new Error('the floor has read another page');
    },
  };
}

async function costOf(work: () => unknown): Promise<number> {
  const began = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000;
}

const active = { status: 'active' } as const;
const wholeList: Parameters<Asked['page']>[0] = { filter: active };

/** Figures of one store, which the first benchmark fills. */
export function devicesListBenches(extent: Extent): Bench[] {
  let opened: Promise<World> | null = null;
  const world = () => (opened ??= open(extent));
  const turns: number[] = [];

  async function samples(work: (asked: Asked, size: number) => Promise<number>, scan: boolean): Promise<Sample[]> {
    const { database, asked, size, floor } = await world();
    const all: Sample[] = [];
    for (let run = firstRun(extent); run < extent.runs; run += 1) {
      if (scan) {
        const end = longestTurn();
        await work(askOf(database), size);
        if (run >= 0) turns.push(end());
      }
      // A finished scan serves other requests for some seconds. New readers have no finished scan.
      const readers = scan ? askOf(database) : asked;
      const value = await costOf(() => work(readers, size));
      const bare = await costOf(floor);
      if (run >= 0) all.push({ value, floor: scan ? null : bare, busy: null });
    }
    return all;
  }

  const bench = (name: string, work: (asked: Asked, size: number) => Promise<number>, scan = false): Bench => ({
    name,
    unit: 'ms of CPU',
    budget: scan ? SCAN_BUDGET : BUDGET,
    better: 'less',
    run: () => samples(work, scan),
  });
  const scanBench = (name: string, query: Parameters<Asked['page']>[0]): Bench =>
    bench(name, ({ page }) => page(query), true);
  /** Beyond the middle, the store reads a list from its end. The middle is therefore the most expensive offset. */
  const middle = (size: number) => Math.floor(size * 0.48);
  const scope = [{ group: null, homes: [PK] }];

  return [
    bench('devices-first', ({ page }) => page(wholeList)),
    bench('devices-middle', ({ page }, size) => page({ ...wholeList, offset: middle(size) })),
    bench('devices-end', ({ page }, size) => page({ ...wholeList, offset: Math.floor(size * 0.969) })),
    bench('devices-seen', ({ page }, size) => page({ ...wholeList, sort: 'seen', offset: middle(size) })),
    scanBench('devices-search', { filter: { ...active, text: '12 khan' } }),
    scanBench('devices-narrowed', { filter: { ...active, text: 'khan', area: PK, connected: true } }),
    scanBench('devices-condition', { filter: { where: [{ field: 'firewall', op: 'is', value: false }] } }),
    scanBench('devices-by-fact', { ...wholeList, sort: 'hardware.serial' }),
    {
      name: 'devices-turn',
      unit: 'ms of CPU',
      budget: MOST_TURN,
      better: 'less',
      run: async () => [{ value: Math.max(...turns), floor: null, busy: null }],
    },
    bench('devices-scope', ({ page }, size) => page({ ...wholeList, scope, offset: Math.floor(size * 0.03) })),
    bench('devices-overview', ({ overview }) => overview()),
  ];
}
