/**
 * Enrollment over EST, stored and in the ledger. Over kept-alive connections, the floor is bare cryptography. Over new connections, the
 * floor is a bare server.
 */
import { type Agent, request } from 'node:https';
import { BenchDevice } from './bench-device.ts';
import { within } from './deadline.ts';
import {
  type Bench,
  costOf,
  type Extent,
  FULL,
  firstRun,
  inParallel,
  rateOf,
  type Sample,
  servedOf,
  sized,
} from './measure.ts';
import type { Stage } from './stage.ts';

const AT_ONCE = 32;
const KEPT_ALIVE = 1_500;
const NEW = 500;
const CRYPTO = 4_000;

async function enrollments(stage: Stage, count: number, agent: Agent | false) {
  const devices = (await stage.codes(count)).map((code) => new BenchDevice(code));
  const measured = await costOf(stage.pid, async () => {
    await inParallel(devices, AT_ONCE, (device) => device.enroll(stage.publicUrl, agent));
    return count;
  });
  for (const device of devices) stage.add(device);
  return { measured, csrs: devices.map(({ csr }) => csr.toString('base64')) };
}

async function keptAlive(stage: Stage, extent: Extent): Promise<Sample[]> {
  const agent = BenchDevice.keptAlive();
  const samples: Sample[] = [];
  for (let run = firstRun(extent); run < extent.runs; run += 1) {
    const { measured, csrs } = await enrollments(stage, sized(run < 0 ? 300 : KEPT_ALIVE, extent), agent);
    const bare = await costOf(stage.floor.pid, async () => {
      const times = sized(CRYPTO, extent);
      await stage.floor.enroll(Buffer.from(csrs[0] ?? '', 'base64'), times);
      return times;
    });
    // The first run of Cordon and of the floor is a warm-up.
    if (run >= 0)
      samples.push({
        value: rateOf(measured),
        floor: rateOf(bare),
        busy: measured.busy,
        served: servedOf(measured, bare),
      });
  }
  agent.destroy();
  return samples;
}

async function onNewConnections(stage: Stage, extent: Extent): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (let run = firstRun(extent); run < extent.runs; run += 1) {
    const { measured, csrs } = await enrollments(stage, sized(run < 0 ? 150 : NEW, extent), false);
    const bare = await costOf(stage.floor.pid, async () => {
      await inParallel(csrs, AT_ONCE, (csr) => post(stage.floor.open, csr));
      return csrs.length;
    });
    const busy = Math.min(measured.busy, bare.busy);
    if (run >= 0) samples.push({ value: rateOf(measured), floor: rateOf(bare), busy });
  }
  return samples;
}

function post(port: number, body: string): Promise<void> {
  const answered = new Promise<void>((resolve, reject) => {
    const options = { port, host: '127.0.0.1', method: 'POST', agent: false, rejectUnauthorized: false } as const;
    const sent = request({ ...options, headers: { 'content-length': Buffer.byteLength(body) } }, (response) => {
      response.resume();
      response.on('end', resolve);
    });
    sent.on('error', reject);
    sent.end(body);
  });
  return within('the response of the floor', answered);
}

export function enrollmentBenches(stage: Stage, extent: Extent = FULL): Bench[] {
  const rate = { unit: '/s of CPU', better: 'more' } as const;
  return [
    { name: 'enrollment-kept-alive', budget: 0.5, ...rate, run: () => keptAlive(stage, extent) },
    { name: 'enrollment-new', budget: 0.8, ...rate, run: () => onNewConnections(stage, extent) },
  ];
}
