/**
 * `npm run bench`: Cordon against the barest program that does the same on the wire, one right after the other in the same run. `--json`
 * prints one JSON array and nothing else; `--only NAME` runs one, or those whose names begin with it; `--svg FILE` draws what an order costs
 * by fleet size. Linux only: CPU time and memory come from /proc.
 */
import { parseArgs } from 'node:util';
import { checkInBench } from './check-in.ts';
import { connectBenches } from './connect.ts';
import { devicesListBenches } from './devices-list.ts';
import { enrolmentBenches } from './enrolment.ts';
import { fanOutBench } from './fan-out.ts';
import { type Bench, type Result, resultOf } from './measure.ts';
import { messageBenches } from './messages.ts';
import { orderForceBenches } from './order-force.ts';
import { orderImpactBenches } from './order-impact.ts';
import { orderScaleBenches } from './order-scale.ts';
import { sealBenches } from './seal.ts';
import { Stage } from './stage.ts';
import { verdictBenches } from './verdict.ts';

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, only: { type: 'string' }, svg: { type: 'string' } },
});
const say = (line: string) => void (values.json || process.stdout.write(`${line}\n`));

/** Memory first: it wants processes that have not done much yet. */
const benchesOn = (stage: Stage): Bench[] => [
  ...enrolmentBenches(stage),
  ...connectBenches(stage),
  checkInBench(stage),
  fanOutBench(stage),
  ...messageBenches(stage),
  ...orderForceBenches(stage),
];

/** Those that need no stage, or bring their own. */
const apart: readonly Bench[] = [
  ...verdictBenches,
  ...sealBenches,
  ...devicesListBenches,
  ...orderImpactBenches,
  ...orderScaleBenches(values.svg),
];

const COLUMNS = [-22, -17, 9, 9, 7, 8, 7, 5, 7];
const row = (cells: readonly (string | number)[]) =>
  cells
    .map((cell, index) => {
      const width = COLUMNS[index] ?? 0;
      return width < 0 ? String(cell).padEnd(-width) : String(cell).padStart(width);
    })
    .join(' ');

function line({ name, unit, value, floor, ratio, budget, holds, runs, spread }: Result): string {
  const percent = `${Math.round(spread * 100)} %`;
  return row([name, unit, value, floor ?? '', ratio ?? '', budget, holds ? 'holds' : 'MISSED', runs, percent]);
}

async function run(benches: readonly Bench[]): Promise<Result[]> {
  const results: Result[] = [];
  for (const bench of benches) {
    const result = resultOf(bench, await bench.run());
    say(line(result));
    for (const note of (await bench.notes?.()) ?? []) say(`  ${note}`);
    results.push(result);
  }
  return results;
}

async function main(): Promise<void> {
  if (process.platform !== 'linux') throw new Error('npm run bench reads /proc and so runs on Linux only');
  const wanted = ({ name }: Pick<Bench, 'name'>) =>
    values.only === undefined || name === values.only || name.startsWith(`${values.only}-`);
  const alone = apart.filter(wanted);
  const results: Result[] = [];
  say(row(['', 'unit', 'Cordon', 'floor', 'ratio', 'budget', '', 'runs', 'spread']));
  results.push(...(await run(alone)));
  if (values.only === undefined || alone.length === 0) {
    const stage = await Stage.open();
    try {
      if (!stage.pinned) say('(one core, or no taskset: server and client share what there is)');
      const benches = benchesOn(stage).filter(wanted);
      if (benches.length === 0) {
        throw new Error(
          `there is no ${values.only}: ${[...apart, ...benchesOn(stage)].map(({ name }) => name).join(', ')}`,
        );
      }
      results.push(...(await run(benches)));
    } finally {
      await stage.close();
    }
  }
  if (values.json) process.stdout.write(`${JSON.stringify(results)}\n`);
}

await main();
