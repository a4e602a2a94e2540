/**
 * `npm run bench`: measures Cordon, and a bare program with equal work on the wire, interleaved in one run. Exits 1 if a budget is missed
 * without an entry in `accepted-misses.ts`, or if a benchmark fails. Every wait has a deadline, and a failed benchmark does not stop the others.
 * - `--json` prints one JSON array and nothing else.
 * - `--only NAME` runs the benchmarks whose names begin with NAME. The option may be repeated.
 * - `--smoke` runs every benchmark once in its smallest extent and compares nothing. It shows within a minute that each one still works.
 * - `--svg FILE` draws the cost of an order by fleet size.
 * - `--page` writes BENCHMARKS.md with that graph.
 * - `--quick` compares a few ratios with `quick-baseline.json` in at most two minutes, and exits 1 if one is more than 30 % worse.
 * - `--write-baseline`, with `--quick`, writes `quick-baseline.json`. Use it on a machine without other work.
 * - `--profile FOLDER`, with `--only`, writes a `.cpuprofile` and a flame graph per benchmark, of the server and of the floor, and prints the
 *   20 functions with the most CPU time.
 * - `--postgres` uses the PostgreSQL server in `CORDON_TEST_DATABASE_URL`. PostgreSQL's own CPU time is not included.
 * Linux only: CPU time and memory come from /proc.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { POSTGRES_SERVER } from '../support/postgres.ts';
import { ACCEPTED_MISSES, type Outcome, outcomeOf } from './accepted-misses.ts';
import { agentMemoryBench } from './agent-memory.ts';
import { busyFleetBench } from './busy-fleet.ts';
import { checkInBenches } from './check-in.ts';
import { commandLineBenches } from './command-line.ts';
import { connectBenches } from './connect.ts';
import { within } from './deadline.ts';
import { devicesListBenches } from './devices-list.ts';
import { enrollmentBenches } from './enrollment.ts';
import { fanOutBench } from './fan-out.ts';
import { flameGraph } from './flame-graph.ts';
import { groupBenches } from './groups.ts';
import { largeStartBenches } from './large-start.ts';
import { type Bench, type Extent, FULL, observe, type Result, resultOf, type Sample, SMOKE } from './measure.ts';
import { messageBenches } from './messages.ts';
import { orderForceBenches } from './order-force.ts';
import { orderImpactBenches } from './order-impact.ts';
import { orderScaleBenches } from './order-scale.ts';
import { benchmarksPage, type PageRow } from './page.ts';
import { peerLine } from './peer-figures.ts';
import { Recorder, topFunctions } from './profile.ts';
import { type Baseline, baselineOf, compareAll, lineOf, QUICK, QUICK_NAMES } from './quick.ts';
import { sealBenches } from './seal.ts';
import { softwareBenches } from './software-scale.ts';
import { Stage } from './stage.ts';
import { verdictBenches } from './verdict.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean' },
    postgres: { type: 'boolean' },
    only: { type: 'string', multiple: true, default: [] },
    smoke: { type: 'boolean' },
    svg: { type: 'string' },
    page: { type: 'boolean' },
    quick: { type: 'boolean' },
    profile: { type: 'string' },
    'write-baseline': { type: 'boolean' },
  },
});
const PROJECT = join(import.meta.dirname, '../..');
/** Path of the graph in BENCHMARKS.md, relative to the project's folder. */
const GRAPH = 'tests/bench/order-cost.svg';
/** Folder of the flame graphs in BENCHMARKS.md. */
const PROFILES = 'tests/bench/profiles';
const BASELINE = join(import.meta.dirname, 'quick-baseline.json');
const svg = values.svg ?? (values.page ? join(PROJECT, GRAPH) : undefined);
const say = (line: string) => void (values.json || process.stdout.write(`${line}\n`));

/** The benchmark of memory runs first, because it needs processes that have done little work. */
const benchesOn = (stage: Stage, extent: Extent): Bench[] => [
  ...enrollmentBenches(stage, extent),
  ...connectBenches(stage, extent),
  ...checkInBenches(stage, extent),
  fanOutBench(stage, extent),
  ...messageBenches(stage, extent),
  ...orderForceBenches(stage, extent),
  busyFleetBench(stage, extent),
];

/** Benchmarks that run without the common stage. */
const benchesApart = (extent: Extent): Bench[] => [
  ...commandLineBenches(extent),
  agentMemoryBench(extent),
  ...largeStartBenches(extent),
  ...verdictBenches(extent),
  ...sealBenches(extent),
  ...devicesListBenches(extent),
  ...softwareBenches(extent),
  ...groupBenches(extent),
  ...orderImpactBenches(extent),
  ...orderScaleBenches(extent, svg),
];

/** Milliseconds for one benchmark. The longest one takes four minutes on a quiet machine. */
const LONGEST = 20 * 60_000;

/** Names of benchmarks that failed. */
const failed: string[] = [];

/** Runs a benchmark. Prints its error and returns null if it fails, so that the others still run. */
async function samplesOf(bench: Bench): Promise<Sample[] | null> {
  try {
    return await within(`the benchmark ${bench.name}`, bench.run(), LONGEST);
  } catch (error) {
    failed.push(bench.name);
    process.exitCode = 1;
    process.stderr.write(`${bench.name}: FAILED: ${error instanceof Error ? error.stack : String(error)}\n`);
    return null;
  }
}

const COLUMNS = [-22, -17, 9, 9, 7, 8, 9, 5, 7];
const row = (cells: readonly (string | number)[]) =>
  cells
    .map((cell, index) => {
      const width = COLUMNS[index] ?? 0;
      return width < 0 ? String(cell).padEnd(-width) : String(cell).padStart(width);
    })
    .join(' ');

const WORDS = { holds: 'holds', accepted: 'accepted', missed: 'MISSED' } as const;

function line({ name, unit, value, floor, ratio, budget, runs, spread }: Result, outcome: Outcome): string {
  const percent = `${Math.round(spread * 100)} %`;
  return row([name, unit, value, floor ?? '', ratio ?? '', budget, WORDS[outcome], runs, percent]);
}

async function run(benches: readonly Bench[]): Promise<PageRow[]> {
  const rows: PageRow[] = [];
  for (const bench of benches) {
    const samples = await samplesOf(bench);
    if (samples === null) continue;
    const result = resultOf(bench, samples);
    const accepted = ACCEPTED_MISSES[result.name];
    const outcome = outcomeOf(result, bench.better, accepted);
    say(line(result, outcome));
    if (outcome === 'accepted') say(`  missed since ${accepted?.since}: ${accepted?.reason}`);
    if (outcome === 'missed') {
      process.exitCode = 1;
      const remedy = accepted
        ? `worse than the accepted ${accepted.bound}`
        : 'no reason is recorded in accepted-misses.ts';
      process.stderr.write(`${result.name}: the budget is missed, and ${remedy}\n`);
    }
    if (outcome === 'holds' && accepted) say('  the budget holds: its entry in accepted-misses.ts can go');
    const peer = peerLine(result.name, result.unit);
    if (peer !== null) say(`  ${peer}`);
    const notes = (await bench.notes?.()) ?? [];
    for (const note of notes) say(`  ${note}`);
    rows.push({ result, better: bench.better, outcome, accepted, notes });
  }
  return rows;
}

function writePage(rows: readonly PageRow[]): void {
  const machine = {
    processor: cpus()[0]?.model ?? 'an unknown processor',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    store: values.postgres ? 'PostgreSQL' : 'SQLite',
  } as const;
  const graph = rows.some(({ result }) => result.name.startsWith('order-scale')) ? GRAPH : null;
  const day = new Date().toISOString().slice(0, 10);
  const profiles = Object.fromEntries(
    readdirSync(join(PROJECT, PROFILES)).map((file) => [file.replace('.svg', ''), `${PROFILES}/${file}`]),
  );
  writeFileSync(join(PROJECT, 'BENCHMARKS.md'), benchmarksPage(rows, machine, day, { graph, profiles }));
}

async function quick(): Promise<void> {
  const baseline: Baseline = JSON.parse(readFileSync(BASELINE, 'utf8'));
  const stage = await Stage.open('sqlite');
  try {
    const benches = benchesOn(stage, QUICK).filter(({ name }) => QUICK_NAMES.has(name));
    const compared = values['write-baseline'] ? {} : baseline;
    const started = performance.now();
    const comparisons = await compareAll(
      benches,
      compared,
      () => performance.now() - started,
      (comparison) => say(lineOf(comparison)),
    );
    if (values['write-baseline']) {
      writeFileSync(BASELINE, `${JSON.stringify(baselineOf(comparisons), null, 2)}\n`);
    }
    if (values.json) process.stdout.write(`${JSON.stringify(comparisons)}\n`);
    if (comparisons.some(({ outcome }) => outcome === 'worse')) process.exitCode = 1;
  } finally {
    await stage.close();
  }
}

/** Records one run of each benchmark, of the server and of the floor. */
async function profile(stage: Stage, folder: string, only: (bench: Bench) => boolean): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const recorders = [
    { suffix: '', recorder: await stage.recorder() },
    { suffix: '-floor', recorder: await Recorder.open(stage.floor.pid, stage.floor.output) },
  ];
  for (const { recorder } of recorders) observe(recorder.pid, (work) => recorder.during(work));
  for (const bench of benchesOn(stage, { ...FULL, runs: 1 }).filter(only)) {
    await bench.run();
    for (const { suffix, recorder } of recorders) {
      const recorded = recorder.take();
      const name = `${bench.name}${suffix}`;
      say(`\n${name}`);
      if (recorded === null) {
        say('  not recorded: this benchmark does not measure the CPU time of this process');
        continue;
      }
      writeFileSync(join(folder, `${name}.cpuprofile`), JSON.stringify(recorded));
      writeFileSync(join(folder, `${name}.svg`), flameGraph(name, recorded));
      for (const { name: place, share } of topFunctions(recorded))
        say(`  ${(share * 100).toFixed(1).padStart(5)} %  ${place}`);
    }
  }
  for (const { recorder } of recorders) recorder.close();
}

/** Runs every benchmark once in its smallest extent. */
async function smoke(wanted: (bench: Bench) => boolean): Promise<void> {
  const check = async (benches: readonly Bench[]) => {
    for (const bench of benches.filter(wanted)) {
      const started = performance.now();
      const samples = await samplesOf(bench);
      if (samples === null) continue;
      const { value } = resultOf(bench, samples);
      if (!Number.isFinite(value)) throw new Error(`${bench.name} measured ${value}`);
      await bench.notes?.();
      say(`${bench.name.padEnd(22)} works (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    }
  };
  await check(benchesApart(SMOKE));
  const stage = await Stage.open('sqlite');
  try {
    await check(benchesOn(stage, SMOKE));
  } finally {
    await stage.close();
  }
}

const matches = ({ name }: Pick<Bench, 'name'>, asked: string) => name === asked || name.startsWith(`${asked}-`);

/** Throws if no benchmark has one of the names of `--only`. */
function requireNames(benches: readonly Bench[]): void {
  const unknown = values.only.find((asked) => !benches.some((bench) => matches(bench, asked)));
  if (unknown === undefined) return;
  throw new Error(`there is no benchmark ${unknown}: ${benches.map(({ name }) => name).join(', ')}`);
}

async function main(): Promise<void> {
  if (process.platform !== 'linux') throw new Error('npm run bench reads /proc and so runs on Linux only');
  const isWanted = (bench: Bench) => values.only.length === 0 || values.only.some((asked) => matches(bench, asked));
  if (values.quick) return await quick();
  if (values.smoke) return await smoke(isWanted);
  if (values['write-baseline']) throw new Error('--write-baseline needs --quick');
  if (values.page && values.only.length > 0) throw new Error('--page needs all benchmarks: remove --only');
  if (values.postgres && POSTGRES_SERVER === '')
    throw new Error('--postgres needs a server: set CORDON_TEST_DATABASE_URL');
  const apart = values.postgres ? [] : benchesApart(FULL);
  const isApart = (asked: string) => apart.some((bench) => matches(bench, asked));
  const open = () => Stage.open(values.postgres ? 'postgres' : 'sqlite');
  // A wrong name must fail at once, and only the stage knows all names.
  let stage = values.only.every(isApart) ? null : await open();
  try {
    if (stage) requireNames([...apart, ...benchesOn(stage, FULL)]);
    if (stage && values.profile !== undefined) return await profile(stage, values.profile, isWanted);
    const rows: PageRow[] = [];
    say(row(['', 'unit', 'Cordon', 'floor', 'ratio', 'budget', '', 'runs', 'spread']));
    rows.push(...(await run(apart.filter(isWanted))));
    if (values.only.length === 0) stage = await open();
    if (stage) {
      if (!stage.pinned) say('(one core, or no taskset: server and client share what there is)');
      rows.push(...(await run(benchesOn(stage, FULL).filter(isWanted))));
    }
    if (values.json) process.stdout.write(`${JSON.stringify(rows.map(({ result }) => result))}\n`);
    if (failed.length > 0) say(`failed: ${failed.join(', ')}`);
    else if (values.page) writePage(rows);
  } finally {
    await stage?.close();
  }
}

await main();
// A failed benchmark may leave open connections and child processes, which would keep this process running.
process.exit();
