/**
 * Queries of an order's page: impact in a fleet of 100,000 devices, rollout over 10,000 devices, and result of an exit. They run in this
 * process on one store on disk, with absolute budgets instead of a floor.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { LocalBus } from '../../server/bus/bus.ts';
import { affectedQuery } from '../../server/jurisdiction/nexus-index.ts';
import { createExits } from '../../server/orders/exit/exits.ts';
import { sizeOf } from '../../server/orders/impact/impact-counts.ts';
import { createRehearsal, type Rehearsal, slices } from '../../server/orders/impact/rehearsal.ts';
import { type Database, openDatabase } from '../../server/store/database.ts';
import { DeviceStateStore } from '../../server/store/device-state-store.ts';
import { ExitStore } from '../../server/store/exit-store.ts';
import { HoldStore } from '../../server/store/hold-store.ts';
import { JurisdictionStore } from '../../server/store/jurisdiction-store.ts';
import { OrderStore } from '../../server/store/order-store.ts';
import { RolloutStore } from '../../server/store/rollout-store.ts';
import type { OrderTerms } from '../../shared/order/documents.ts';
import { compileRule } from '../../shared/order/rules.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { addLocatedFleet, addReceipts, addWaiting, type LocatedDevice } from '../support/located-fleet.ts';
import { longestTurn } from '../support/longest-turn.ts';
import { NOW, revisionDocument, TERMS } from '../support/signed-documents.ts';
import { type Bench, type Extent, type Sample, sized } from './measure.ts';

const HOUR = 3_600_000;
const DEVICES = 100_000;
const REPORTING = 10_000;
/** Largest number of devices that one query of the rollout covers. */
const AT_ONCE = 500;

/**
 * The fleet in groups of 20 devices: 16 have their home in the order's area. The others travel, visit, are near its border or have no
 * location. A quarter have pending messages.
 */
function* fleet(size: number): Generator<LocatedDevice> {
  for (let index = 0; index < size; index += 1) {
    const kind = index % 20;
    const connected = index % 3 > 0;
    const presence = { connected, listVersion: 3 };
    const at = (area: string): NonNullable<LocatedDevice['seen']> => [
      { source: 'network', areas: [area], at: NOW - 3 * HOUR },
      { source: 'network', areas: [area], at: NOW - HOUR },
      { source: 'address', areas: [area], at: NOW - 2 * HOUR, connected },
    ];
    const user = `User ${index}`;
    if (kind < 16) yield { user, home: 'PK', presence, seen: at('PK') };
    else if (kind === 16) yield { user, home: 'PK', presence, seen: at('AE') };
    else if (kind === 17) yield { user, home: 'GB', presence, seen: at('PK') };
    else if (kind === 18)
      yield { user, home: 'IN', presence, seen: [{ source: 'position', areas: ['IN', 'PK'], at: NOW }] };
    else yield { user, home: 'IN' };
  }
}

interface World {
  readonly database: Database;
  readonly devices: number;
  /** Number of devices in the order's area. */
  readonly denied: number;
  readonly reporting: number;
}

async function open(extent: Extent): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-bench-impact-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'cordon.db');
  const database = await openDatabase({ file });
  const devices = await addLocatedFleet(database, await addGroup(database, 'All'), NOW, fleet(sized(DEVICES, extent)));
  const reporting = sized(REPORTING, extent);
  const order = '2015-001';
  const services = ['messaging', 'mail'] as const;
  const rows = devices
    .slice(0, reporting)
    .flatMap((device) => [
      { device, order, kind: 'delivered', revision: 1, service: null, at: NOW } as const,
      { device, order, kind: 'displayed', revision: 1, service: null, at: NOW + 1 } as const,
      ...services.map((service) => ({ device, order, kind: 'enforced', revision: 1, service, at: NOW + 2 }) as const),
      { device, order, kind: 'delivered', revision: 2, service: null, at: NOW + 3 } as const,
      ...services.map((service) => ({ device, order, kind: 'restored', revision: 2, service, at: NOW + 4 }) as const),
    ]);
  await addReceipts(database, rows);
  const waiting = devices.filter((_, index) => index % 4 === 0);
  await addWaiting(
    database,
    waiting.map((device) => ({ device, messages: 20, bytes: 40_000, commands: 1 })),
  );
  // A checkpoint moves the writes into the database file, as on a server that has run for a while.
  await database.close();
  const denied = (devices.length / 20) * 17;
  return { database: await openDatabase({ file }), devices: devices.length, denied, reporting };
}

/** CPU milliseconds of this thread, because other processes may use this core. An admin on an idle machine waits as long. */
function cpu(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

interface Cost {
  readonly cost: number;
  /** Longest block of the event loop. */
  readonly longest: number;
}

interface Pass extends Cost {
  readonly found: number;
}

async function costOf<T>(work: () => Promise<T>): Promise<Cost & { readonly result: T }> {
  const longest = longestTurn();
  const began = cpu();
  const result = await work();
  const cost = cpu() - began;
  return { cost, longest: longest(), result };
}

function rehearsalOn(database: Database, clock: Clock): Rehearsal {
  const places = new JurisdictionStore(database);
  return createRehearsal({
    clock,
    deviceStates: new DeviceStateStore(database),
    jurisdiction: { affectedBy: (rule) => places.affected(affectedQuery(rule, clock.now())) },
  });
}

async function pass({ database }: World, terms: Partial<OrderTerms>, before?: Partial<OrderTerms>): Promise<Pass> {
  const rehearsal = rehearsalOn(database, new DrivenClock(NOW));
  const ruleOf = (own: Partial<OrderTerms>) =>
    compileRule({ revision: revisionDocument({ terms: { ...TERMS, ...own } }), permanentPause: false });
  const rule = ruleOf(terms);
  const asked = {
    rule,
    exemptions: [],
    listed: 3,
    number: '2015-001',
    baseline: before ? { rule: ruleOf(before), exemptions: [] } : null,
    at: 'effective',
    selection: 'all',
    names: new Set(['ada lovelace']),
  } as const;
  const { result, ...cost } = await costOf(() => rehearsal.rehearseAnew(asked));
  return { ...cost, found: sizeOf(result.sets) };
}

async function samples({ runs }: Extent, figure: () => Promise<number>): Promise<Sample[]> {
  await figure();
  const all: Sample[] = [];
  for (let run = 0; run < runs; run += 1) all.push({ value: await figure(), floor: null, busy: null });
  return all;
}

async function everyone(world: World, before?: Partial<OrderTerms>): Promise<Pass> {
  const done = await pass(world, {}, before);
  if (done.found !== world.devices)
    throw new Error(`the order should concern every device, and concerned ${done.found}`);
  return done;
}

async function elsewhere(world: World): Promise<number> {
  // The order uses only the nexus `home`. An order with the nexus `present` would also affect every device without a location.
  const { cost, found } = await pass(world, { areas: ['IS'], nexus: ['home'] });
  if (found > 0) throw new Error('the order has nothing to do with this fleet');
  return cost;
}

async function restoredBy(store: RolloutStore): Promise<number> {
  const enforced = await store.enforcedBy('2015-001');
  let restored = 0;
  for (const some of slices(enforced, AT_ONCE)) {
    const reports = await store.reports('2015-001', 2, some);
    for (const { closed, opened } of reports.values()) if (opened && !closed) restored += 1;
    // The server also yields here, between two slices (`rollout.ts`).
    await turn();
  }
  return restored;
}

async function progress({ database, reporting }: World): Promise<Cost> {
  const store = new RolloutStore(database);
  const { result: restored, ...cost } = await costOf(() => restoredBy(store));
  if (restored !== reporting) throw new Error(`all ${reporting} have restored service, and ${restored} were counted`);
  return cost;
}

/** State of the first day, when few devices have sent receipts. */
async function exit({ database, denied }: World): Promise<Cost> {
  const clock = new DrivenClock(NOW);
  const rehearsal = rehearsalOn(database, clock);
  const revision = revisionDocument({ revision: 3, action: 'exit' });
  const rule = compileRule({ revision, permanentPause: false });
  const asked = {
    exemptions: [],
    listed: null,
    number: null,
    baseline: null,
    at: 'now',
    names: new Set<string>(),
  } as const;
  const orders = new OrderStore(database);
  const exits = createExits({
    store: new ExitStore(database),
    holds: new HoldStore(database),
    orders,
    clock,
    bus: new LocalBus(),
    log: console,
    accepted: () => new Map([[rule.order, { revision }]]),
    rules: () => [{ ...rule, effective: NOW }],
    withheld: () => false,
    exitsOf: () => [{ revision: rule.revision, adoptedAt: NOW }],
    denied: async () => {
      const { sets } = await rehearsal.rehearseAnew({ ...asked, rule, selection: 'denied' });
      return sets.flatMap(({ devices, reasons }) => devices.map((device) => ({ device, reasons })));
    },
  });
  const { result: counted, ...cost } = await costOf(() => exits.progressAnew(rule.order));
  await exits.stop();
  if (counted?.unanswered !== denied)
    throw new Error(`${denied} have not answered, and ${counted?.unanswered} were counted`);
  return cost;
}

const MS = 'ms of CPU';

/** Figures of one store, which the first benchmark fills. */
export function orderImpactBenches(extent: Extent): Bench[] {
  let opened: Promise<World> | null = null;
  const world = () => {
    opened ??= open(extent);
    return opened;
  };
  const bench = (name: string, budget: number, figure: (world: World) => Promise<number>): Bench => ({
    name,
    unit: MS,
    budget,
    better: 'less',
    run: () => samples(extent, async () => figure(await world())),
  });
  const wider = { areas: ['IN', 'AE'] };
  return [
    bench('order-impact', 2_000, async (world) => (await everyone(world)).cost),
    bench('order-impact-against', 2_000, async (world) => (await everyone(world, wider)).cost),
    bench('order-impact-slice', 50, async (world) => (await everyone(world, wider)).longest),
    bench('order-impact-none', 50, elsewhere),
    bench('order-exit', 1_000, async (world) => (await exit(world)).cost),
    bench('order-exit-slice', 25, async (world) => (await exit(world)).longest),
    bench('order-progress', 50, async (world) => (await progress(world)).cost),
    bench('order-progress-slice', 25, async (world) => (await progress(world)).longest),
  ];
}
