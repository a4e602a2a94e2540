/**
 * Dynamic groups over 100,000 devices: CPU time of the first build of 50 expressions, the longest block of the event loop meanwhile, and the
 * CPU time to follow the changed facts of 1,000 devices. The benchmark runs in this process, on SQLite.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { createGroupMembers } from '../../server/groups/groups.ts';
import { markFactsOf } from '../../server/store/changed-facts.ts';
import { type Database, openDatabase } from '../../server/store/database.ts';
import { FactReader } from '../../server/store/fact-reader.ts';
import { GroupMemberStore } from '../../server/store/group-member-store.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { testSystem } from '../support/inventory-state.ts';
import { longestTurn, settleMemory } from '../support/longest-turn.ts';
import { addLargeFleet } from './large-fleet.ts';
import { type Bench, type Extent, runsOf, type Sample, sized } from './measure.ts';

const NOW = Date.parse('2026-11-01T12:00:00.000Z');
const DEVICES = 100_000;
const GROUPS = 50;
const CHANGED = 1_000;
const RUNS = 3;

/** Expressions like those of an organization. Each matches a part of the fleet; some depend on facts that are unknown for some devices. */
const EXPRESSIONS: readonly ((index: number) => string)[] = [
  (index) => `os.platform == "linux" && hardware.cores > ${index % 8} && "EU" in areas`,
  (index) => `os.name == "debian" && compareVersions(os.version, "12.${index}") >= 0`,
  (index) => `status == "active" && hostname.startsWith("host-${index % 10}") && !disk.encrypted`,
  (index) => `home in ["PK", "IN", "DE"] && hardware.memory >= ${index % 32} * 1024 * 1024 * 1024`,
  (index) => `areas.exists(area, area in ["PK", "SA"]) && hostname.endsWith("${index % 10}") && workspace == "open"`,
];

type Part = 'build' | 'block' | 'change';

async function measure(extent: Extent): Promise<Readonly<Record<Part, Sample[]>>> {
  const changes = sized(CHANGED, extent);
  const folder = mkdtempSync(join(tmpdir(), 'cordon-bench-groups-'));
  try {
    const database = await openDatabase({ file: join(folder, 'cordon.db') });
    await addLargeFleet(database, sized(DEVICES, extent), NOW);
    await addInventories(database);
    const results = { build: [] as Sample[], block: [] as Sample[], change: [] as Sample[] };
    const groups = createGroupMembers({
      store: new GroupMemberStore(database),
      facts: new FactReader(database),
      bus: { publish: () => undefined, subscribe: () => () => undefined },
      clock: new DrivenClock(NOW),
    });
    await groups.settle();
    const add = (value: number): Sample => ({ value, floor: null, busy: null });
    for (let run = 0; run < runsOf(RUNS, extent); run += 1) {
      await database.db.deleteFrom('group_members').execute();
      await database.db.deleteFrom('groups').where('expression', 'is not', null).execute();
      for (let index = 0; index < GROUPS; index += 1) {
        const write = EXPRESSIONS[index % EXPRESSIONS.length];
        await groups.createDynamic(`Dynamic ${run} ${index}`, write?.(index) ?? 'true');
      }
      settleMemory();
      const before = cpuMilliseconds();
      const longest = longestTurn();
      await groups.settle();
      results.block.push(add(longest()));
      results.build.push(add((cpuMilliseconds() - before) / 1000));
      await database.transaction((tx) =>
        markFactsOf(tx, sql`select id from devices order by id limit ${changes}`, 'inventory'),
      );
      const changed = cpuMilliseconds();
      await groups.settle();
      results.change.push(add((cpuMilliseconds() - changed) / changes));
    }
    await database.close();
    return results;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Complete inventories, because reading them is a large part of the work. */
async function addInventories(database: Database): Promise<void> {
  const bodies = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => {
    const os = {
      id: index % 2 ? 'debian' : 'fedora',
      distro: index % 2 ? 'debian' : 'fedora',
      version: `12.${index * 5}`,
      kernel: '6.1',
    };
    const system = testSystem(`host-${index}`, os);
    const hardware = { ...system.hardware, cores: index, memory: index * 2 ** 32 };
    const disks = [{ name: 'sda', size: 1e12, encrypted: [true, false, null][index % 3] ?? null }];
    return JSON.stringify({ at: 1, system: { ...system, hardware }, disks, missing: {} });
  });
  for (const [index, body] of bodies.entries()) {
    await sql`update device_inventory set body = ${body} where unicode(substr(device_id, 20, 1)) % ${bodies.length} = ${index}`.execute(
      database.db,
    );
  }
}

/** Three lines of results from one run. */
export function groupBenches(extent: Extent): Bench[] {
  let measured: ReturnType<typeof measure> | null = null;
  const results = () => (measured ??= measure(extent));
  const bench = (name: string, unit: string, budget: number, part: Part): Bench => ({
    name,
    unit,
    budget,
    better: 'less',
    run: async () => (await results())[part],
  });
  return [
    bench('groups-build', 's of CPU', 5, 'build'),
    bench('groups-block', 'ms of the loop', 50, 'block'),
    bench('groups-change', 'ms of CPU/device', 1, 'change'),
  ];
}
