/**
 * Start of a server with a million devices: its CPU time until a device is connected, with a warm cache of compiled code.
 * - `large-start`: no device was connected when the server ended.
 * - `large-start-killed`: the server was killed while 600,000 further devices were connected. The store does not contain the end of their
 *   connections.
 */
import BetterSqlite3 from 'better-sqlite3';
import type { BenchDevice } from './bench-device.ts';
import { copyDevices } from './many-copies.ts';
import { type Bench, type Extent, firstRun, median, type Sample, sized } from './measure.ts';
import { cpuSeconds } from './process.ts';
import { Stage } from './stage.ts';

const OFFLINE = 1_000_000;
const CONNECTED = 600_000;
/** Milliseconds of CPU time. A device must be able to connect two seconds after the start. */
const BUDGET = 2_000;

interface Start {
  readonly cpu: number;
  readonly wall: number;
}
type Starts = Record<'quiet' | 'killed', Start[]>;

async function start(stage: Stage, device: BenchDevice): Promise<Start> {
  const began = performance.now();
  await stage.restart();
  const link = await device.join(stage.devicePort);
  const started = { cpu: cpuSeconds(stage.pid) * 1000, wall: performance.now() - began };
  await link.close();
  return started;
}

/** Stores connections again, because each start of the server ends those that it finds. */
function reconnect(file: string): void {
  const database = new BetterSqlite3(file);
  database.exec(`update device_presence set connected = 1
    where device_id in (select device_id from device_nexus where nexus = 'connected')`);
  database.close();
}

async function measure(extent: Extent): Promise<Starts> {
  const starts: Starts = { quiet: [], killed: [] };
  const stage = await Stage.open();
  try {
    await stage.learnVersions();
    const [device] = await stage.devices(1);
    const [online, offline] = await stage.addElsewhere(2, 1);
    if (!device || !online || !offline) throw new Error('the stage has no devices');
    const repeat = async (into: Start[], before: () => void) => {
      for (let run = firstRun(extent); run < extent.runs; run += 1) {
        await stage.kill();
        before();
        const measured = await start(stage, device);
        // The first run fills the cache of compiled code.
        if (run >= 0) into.push(measured);
      }
    };
    await stage.kill();
    copyDevices(stage.store, { template: offline, count: sized(OFFLINE, extent) });
    await repeat(starts.quiet, () => undefined);
    await stage.kill();
    copyDevices(stage.store, { template: online, count: sized(CONNECTED, extent) });
    await repeat(starts.killed, () => reconnect(stage.store));
    return starts;
  } finally {
    await stage.close();
  }
}

/** Two lines of results from one run. */
export function largeStartBenches(extent: Extent): Bench[] {
  let measured: Promise<Starts> | null = null;
  const all = () => (measured ??= measure(extent));
  const bench = (name: string, kind: keyof Starts): Bench => ({
    name,
    unit: 'CPU ms',
    budget: BUDGET,
    better: 'less',
    run: async () => (await all())[kind].map(({ cpu }): Sample => ({ value: cpu, floor: null, busy: null })),
    notes: async () => {
      const walls = (await all())[kind].map(({ wall }) => wall);
      return [`by the clock on the wall: ${median(walls).toFixed(0)} ms`];
    },
  });
  return [bench('large-start', 'quiet'), bench('large-start-killed', 'killed')];
}
