/**
 * An order takes effect over connected devices, and is withdrawn. Each is measured from the approval that adopts it until the server has
 * stored the last device's signed receipt. The floor sends the same list to as many connections and echoes as many frames as devices send.
 */
import { connectFleet, type Fleet } from './fleet.ts';
import {
  type Bench,
  costOf,
  type Extent,
  FULL,
  firstRun,
  median,
  microsecondsOf,
  runsOf,
  type Sample,
  sized,
} from './measure.ts';
import { type Acted, heldOrder, release, withdraw } from './order-act.ts';
import type { Stage } from './stage.ts';

const DEVICES = 10_000;
const RUNS = 3;

interface Measurements {
  readonly release: Sample[];
  readonly withdrawal: Sample[];
  /** Elapsed time from the action to the last receipt. */
  readonly seconds: { readonly release: number[]; readonly withdrawal: number[] };
}

async function againstFloor(stage: Stage, fleet: Fleet, { measured, said }: Acted): Promise<Sample> {
  const { done } = await fleet.echo(said);
  const floor = await costOf(stage.floor.pid, async () => {
    await stage.floor.fanOut(said.list);
    await done();
    return fleet.size;
  });
  return { value: microsecondsOf(measured), floor: microsecondsOf(floor), busy: measured.busy };
}

async function orderForce(stage: Stage, extent: Extent): Promise<Measurements> {
  const fleet = await connectFleet(stage, await stage.devices(sized(DEVICES, extent)));
  const all: Measurements = { release: [], withdrawal: [], seconds: { release: [], withdrawal: [] } };
  for (let run = firstRun(extent); run < runsOf(RUNS, extent); run += 1) {
    const order = await heldOrder(stage, fleet);
    for (const [name, act] of [['release', release] as const, ['withdrawal', withdraw] as const]) {
      const acted = await act(stage, fleet, order);
      const sample = await againstFloor(stage, fleet, acted);
      // The first run of Cordon and of the floor is a warm-up.
      if (run < 0) continue;
      all[name].push(sample);
      all.seconds[name].push(acted.seconds);
    }
  }
  await fleet.close();
  return all;
}

/** Two lines of results from one run. */
export function orderForceBenches(stage: Stage, extent: Extent = FULL): Bench[] {
  let measured: Promise<Measurements> | null = null;
  const measure = () => {
    measured ??= orderForce(stage, extent);
    return measured;
  };
  const bench = (name: string, which: 'release' | 'withdrawal'): Bench => ({
    name,
    unit: 'µs of CPU/device',
    budget: 2,
    better: 'less',
    run: async () => (await measure())[which],
    notes: async () => {
      const seconds = median((await measure()).seconds[which]);
      return [`${DEVICES} connected devices, ${seconds.toFixed(2)} s from the act to the last receipt on disk`];
    },
  });
  return [bench('order-force', 'release'), bench('order-withdraw', 'withdrawal')];
}
