/**
 * Cost of an order by fleet size: the same number of affected devices among 1,000, 10,000 and 100,000 devices, and four times as many among
 * 10,000. Four servers run in turn in every round, so that none has an advantage. Only the affected devices are connected, because the
 * server sends a list to every connected device. The order uses the nexus `present` and denies devices without a location. The server
 * therefore also searches devices without evidence.
 */
import { writeFileSync } from 'node:fs';
import { connectFleet, type Fleet } from './fleet.ts';
import { svgGraph, textGraph } from './graph.ts';
import { type Bench, type Extent, firstRun, inParallel, median, type Sample, sized } from './measure.ts';
import { heldOrder, release, withdraw } from './order-act.ts';
import { Stage } from './stage.ts';

const AFFECTED = 200;
const FLEETS = [
  { size: 1_000, affected: AFFECTED },
  { size: 10_000, affected: AFFECTED },
  { size: 100_000, affected: AFFECTED },
  { size: 10_000, affected: 4 * AFFECTED },
] as const;
const [SMALL, MIDDLE, LARGE, WIDE] = [0, 1, 2, 3] as const;
const TERMS = { nexus: ['present'], unknown: 'deny' };
const ACTS = [
  ['in force', release],
  ['withdrawn', withdraw],
] as const;

interface Playing {
  readonly stage: Stage;
  readonly fleet: Fleet;
}

interface Cost {
  readonly cpu: number;
  readonly wall: number;
}
/** Results in milliseconds by action and fleet, one value per run. */
type Costs = Record<(typeof ACTS)[number][0], Cost[][]>;

async function open(fleet: (typeof FLEETS)[number], extent: Extent): Promise<Playing> {
  const [size, affected] = [sized(fleet.size, extent), sized(fleet.affected, extent)];
  const stage = await Stage.open();
  try {
    await stage.addElsewhere(size - affected);
    const devices = await stage.scatteredDevices(affected);
    return { stage, fleet: await connectFleet(stage, devices, { at: ['PK'], floor: false }) };
  } catch (error) {
    await stage.close();
    throw error;
  }
}

async function measure(extent: Extent): Promise<Costs> {
  const costs: Costs = { 'in force': FLEETS.map(() => []), withdrawn: FLEETS.map(() => []) };
  const playing: Playing[] = [];
  try {
    await inParallel(FLEETS, 1, async (fleet) => void playing.push(await open(fleet, extent)));
    for (let run = firstRun(extent); run < extent.runs; run += 1) {
      const orders = await Promise.all(playing.map(({ stage, fleet }) => heldOrder(stage, fleet, TERMS)));
      for (const [name, act] of ACTS) {
        for (const [index, { stage, fleet }] of playing.entries()) {
          const { measured, seconds } = await act(stage, fleet, orders[index] ?? '');
          // The first run is a warm-up.
          if (run >= 0) costs[name][index]?.push({ cpu: measured.cpu * 1000, wall: seconds * 1000 });
        }
      }
    }
    for (const { fleet } of playing) await fleet.close();
  } finally {
    for (const { stage } of playing) await stage.close();
  }
  return costs;
}

const middle = (costs: readonly Cost[] | undefined, of: keyof Cost): number =>
  median((costs ?? []).map((each) => each[of]));

/** Ratio of one fleet to another, round by round. */
function against(costs: readonly (readonly Cost[])[], fleet: number, other: number): Sample[] {
  return (costs[fleet] ?? []).map(({ cpu }, run) => ({ value: cpu, floor: costs[other]?.[run]?.cpu ?? 0, busy: null }));
}

function graph(costs: Costs, svg: string | undefined): string[] {
  const series = ACTS.map(([name]) => ({
    name,
    points: [SMALL, MIDDLE, LARGE].map((index) => ({ x: FLEETS[index].size, y: middle(costs[name][index], 'cpu') })),
  }));
  const title = `An order's cost by fleet size: CPU of the server, ${AFFECTED} devices affected`;
  if (svg) writeFileSync(svg, svgGraph(title, series));
  const walls = [SMALL, MIDDLE, LARGE].map((index) =>
    ACTS.map(([name]) => middle(costs[name][index], 'wall').toFixed(0)).join(' and '),
  );
  return [
    `${title}, who alone are connected`,
    ...textGraph(series),
    `by the clock on the wall, in force and withdrawn: ${walls.join(', ')} ms`,
  ];
}

/** Lines of results from one run. `svg`: file for the graph as a picture. */
export function orderScaleBenches(extent: Extent, svg: string | undefined): Bench[] {
  let measured: Promise<Costs> | null = null;
  const all = () => {
    measured ??= measure(extent);
    return measured;
  };
  const rest = { unit: 'ms of CPU/order', better: 'less' } as const;
  return [
    {
      name: 'order-scale',
      budget: 1.5,
      ...rest,
      run: async () => against((await all())['in force'], LARGE, SMALL),
      notes: async () => graph(await all(), svg),
    },
    {
      name: 'order-scale-withdraw',
      budget: 1.5,
      ...rest,
      run: async () => against((await all()).withdrawn, LARGE, SMALL),
    },
    {
      name: 'order-scale-affected',
      // Budget: four times the cost for four times as many devices, plus a quarter for the uncertainty of a short measurement.
      budget: 5,
      ...rest,
      run: async () => against((await all())['in force'], WIDE, MIDDLE),
    },
  ];
}
