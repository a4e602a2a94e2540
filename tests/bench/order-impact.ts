/**
 * What an order's page asks of the server: whom it would reach in a fleet of a hundred thousand, how far it has come over ten thousand, and what its
 * exit has come to.
 * In this process, on figures and not against a floor; a store is put on disk once for all of them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalBus } from '../../server/bus/bus.ts';
import { reachOf } from '../../server/jurisdiction/ties.ts';
import { createExits } from '../../server/orders/exit/exits.ts';
import { createRehearsal, type Rehearsal, sizeOf } from '../../server/orders/rehearsal.ts';
import { type Database, openDatabase } from '../../server/store/database.ts';
import { ExitStore } from '../../server/store/exit-store.ts';
import { HoldStore } from '../../server/store/hold-store.ts';
import { JurisdictionStore } from '../../server/store/jurisdiction-store.ts';
import { ProgressStore } from '../../server/store/progress-store.ts';
import { StandingStore } from '../../server/store/standing-store.ts';
import type { OrderTerms } from '../../shared/order/documents.ts';
import { compileRule } from '../../shared/order/rules.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { addPlacedFleet, addReceipts, addWaiting, type PlacedDevice } from '../support/placed-fleet.ts';
import { NOW, revisionDocument, TERMS } from '../support/signed-documents.ts';
import type { Bench, Sample } from './measure.ts';

const HOUR = 3_600_000;
const DEVICES = 100_000;
/** Those that are in its place. */
const DENIED = (DEVICES / 20) * 17;
const REPORTING = 10_000;
/** As many as one question about progress takes. */
const AT_ONCE = 500;
const RUNS = 5;

/** Of twenty, sixteen at home where the order is; the others travel, visit, live near its border or are nowhere. Something waits for a quarter. */
function* fleet(): Generator<PlacedDevice> {
  for (let index = 0; index < DEVICES; index += 1) {
    const kind = index % 20;
    const connected = index % 3 > 0;
    const presence = { connected, listVersion: 3 };
    const at = (area: string): NonNullable<PlacedDevice['seen']> => [
      { source: 'network', areas: [area], at: NOW - 3 * HOUR },
      { source: 'network', areas: [area], at: NOW - HOUR },
      { source: 'address', areas: [area], at: NOW - 2 * HOUR, connected },
    ];
    const user = `Somebody ${index}`;
    if (kind < 16) yield { user, home: 'PK', presence, seen: at('PK') };
    else if (kind === 16) yield { user, home: 'PK', presence, seen: at('AE') };
    else if (kind === 17) yield { user, home: 'GB', presence, seen: at('PK') };
    else if (kind === 18)
      yield { user, home: 'IN', presence, seen: [{ source: 'position', areas: ['IN', 'PK'], at: NOW }] };
    else yield { user, home: 'IN' };
  }
}

let opened: Promise<Database> | null = null;

async function open(): Promise<Database> {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-bench-impact-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'cordon.db');
  const database = await openDatabase({ file });
  const devices = await addPlacedFleet(database, await addGroup(database, 'All'), NOW, fleet());
  const order = '2015-001';
  const services = ['messaging', 'mail'] as const;
  const rows = devices
    .slice(0, REPORTING)
    .flatMap((device) => [
      { device, order, kind: 'informed', revision: 1, service: null, at: NOW } as const,
      { device, order, kind: 'shown', revision: 1, service: null, at: NOW + 1 } as const,
      ...services.map((service) => ({ device, order, kind: 'enforced', revision: 1, service, at: NOW + 2 }) as const),
      { device, order, kind: 'informed', revision: 2, service: null, at: NOW + 3 } as const,
      ...services.map((service) => ({ device, order, kind: 'restored', revision: 2, service, at: NOW + 4 }) as const),
    ]);
  await addReceipts(database, rows);
  const waiting = devices.filter((_, index) => index % 4 === 0);
  await addWaiting(
    database,
    waiting.map((device) => ({ device, messages: 20, bytes: 40_000, commands: 1 })),
  );
  // What was written is then in the file itself, as it is on a server that has been running.
  await database.close();
  return openDatabase({ file });
}

const world = (): Promise<Database> => (opened ??= open());

/** Milliseconds of this thread, which is what an admin waits for on a machine that has nothing else to do. Others may be using this core. */
function cpu(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

interface Pass {
  readonly cost: number;
  /** The longest that the loop was kept from turning. */
  readonly longest: number;
  readonly found: number;
}

function rehearsalOn(database: Database, clock: Clock): Rehearsal {
  const places = new JurisdictionStore(database);
  return createRehearsal({
    clock,
    standing: new StandingStore(database),
    jurisdiction: { affectedBy: (rule) => places.reached(reachOf(rule, clock.now())) },
  });
}

async function pass(terms: Partial<OrderTerms>, before?: Partial<OrderTerms>): Promise<Pass> {
  const rehearsal = rehearsalOn(await world(), new DrivenClock(NOW));
  const ruleOf = (own: Partial<OrderTerms>) =>
    compileRule({ revision: revisionDocument({ terms: { ...TERMS, ...own } }), lasting: false });
  const rule = ruleOf(terms);
  let longest = 0;
  let last = cpu();
  let looking = true;
  const look = () => {
    longest = Math.max(longest, cpu() - last);
    last = cpu();
    if (looking) setImmediate(look);
  };
  setImmediate(look);
  const began = cpu();
  const asked = {
    rule,
    exemptions: [],
    listed: 3,
    number: '2015-001',
    against: before ? { rule: ruleOf(before), exemptions: [] } : null,
    at: 'effective',
    whom: 'all',
    names: new Set(['ada lovelace']),
  } as const;
  const { sets } = await rehearsal.rehearseAnew(asked);
  const cost = cpu() - began;
  looking = false;
  return { cost, longest, found: sizeOf(sets) };
}

async function samples(figure: () => Promise<number>): Promise<Sample[]> {
  await figure();
  const all: Sample[] = [];
  for (let run = 0; run < RUNS; run += 1) all.push({ value: await figure(), floor: null, busy: null });
  return all;
}

async function everyone(before?: Partial<OrderTerms>): Promise<Pass> {
  const done = await pass({}, before);
  if (done.found !== DEVICES) throw new Error(`the order should concern every device, and concerned ${done.found}`);
  return done;
}

async function elsewhere(): Promise<number> {
  // Home alone: an order for a place is also about everyone who is nowhere.
  const { cost, found } = await pass({ areas: ['IS'], nexus: ['home'] });
  if (found > 0) throw new Error('the order has nothing to do with this fleet');
  return cost;
}

async function progress(): Promise<number> {
  const database = await world();
  const store = new ProgressStore(database);
  const began = cpu();
  const enforced = await store.enforcedBy('2015-001');
  let restored = 0;
  for (let from = 0; from < enforced.length; from += AT_ONCE) {
    restored += (await store.told('2015-001', 2, enforced.slice(from, from + AT_ONCE))).restored;
  }
  const cost = cpu() - began;
  if (restored !== REPORTING) throw new Error(`all ${REPORTING} have restored service, and ${restored} were counted`);
  return cost;
}

/** On its first day: hardly anyone has answered. */
async function exit(): Promise<number> {
  const database = await world();
  const clock = new DrivenClock(NOW);
  const rehearsal = rehearsalOn(database, clock);
  const revision = revisionDocument({ revision: 3, act: 'exit' });
  const rule = compileRule({ revision, lasting: false });
  const asked = {
    exemptions: [],
    listed: null,
    number: null,
    against: null,
    at: 'now',
    names: new Set<string>(),
  } as const;
  const exits = createExits({
    ...{ store: new ExitStore(database), holds: new HoldStore(database), clock, bus: new LocalBus(), log: console },
    accepted: () => new Map([[rule.order, { revision }]]),
    rules: () => [{ ...rule, effective: NOW }],
    withheld: () => false,
    exitsOf: () => [{ revision: rule.revision, adoptedAt: NOW }],
    denied: async () => {
      const { sets } = await rehearsal.rehearseAnew({ ...asked, rule, whom: 'denied' });
      return sets.flatMap(({ devices, reasons }) => devices.map((device) => ({ device, reasons })));
    },
  });
  const began = cpu();
  const progress = await exits.progressAnew(rule.order);
  const cost = cpu() - began;
  await exits.stop();
  if (progress?.unheard !== DENIED)
    throw new Error(`${DENIED} have not answered, and ${progress?.unheard} were counted`);
  return cost;
}

const MS = 'ms of CPU';

export const orderImpactBenches: readonly Bench[] = [
  {
    name: 'order-impact',
    unit: MS,
    budget: 2_000,
    better: 'less',
    run: () => samples(async () => (await everyone()).cost),
  },
  {
    name: 'order-impact-against',
    unit: MS,
    budget: 2_000,
    better: 'less',
    run: () => samples(async () => (await everyone({ areas: ['IN', 'AE'] })).cost),
  },
  {
    name: 'order-impact-slice',
    unit: MS,
    budget: 50,
    better: 'less',
    run: () => samples(async () => (await everyone({ areas: ['IN', 'AE'] })).longest),
  },
  { name: 'order-impact-none', unit: MS, budget: 50, better: 'less', run: () => samples(elsewhere) },
  { name: 'order-exit', unit: MS, budget: 2_000, better: 'less', run: () => samples(exit) },
  { name: 'order-progress', unit: MS, budget: 100, better: 'less', run: () => samples(progress) },
];
