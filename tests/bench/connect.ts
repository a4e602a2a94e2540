/** Full and resumed TLS connections, and the memory of an idle connection. */
import { BenchDevice } from './bench-device.ts';
import { within } from './deadline.ts';
import type { Floor } from './floor-process.ts';
import { type Bench, costOf, type Extent, FULL, inParallel, rateOf, type Sample, servedOf, sized } from './measure.ts';
import { quiet, residentKiB } from './process.ts';
import type { RawLink } from './raw-link.ts';
import type { Stage } from './stage.ts';

const AT_ONCE = 48;
const CONNECTS = 600;
const IDLE = 10_000;

type Open = (device: BenchDevice) => Promise<RawLink>;

export async function openAll(devices: readonly BenchDevice[], open: Open): Promise<RawLink[]> {
  const links: RawLink[] = [];
  for (const device of devices) device.prepare();
  await inParallel(devices, AT_ONCE, async (device) => void links.push(await open(device)));
  return links;
}

export async function closeAll(links: readonly RawLink[]): Promise<void> {
  await Promise.all(links.map((link) => link.close()));
}

/**
 * Measures from the first packet to the welcome frame. The server checks identity, revocation and orders, and stores the presence. The
 * floor stops at the upgrade.
 */
function connects(stage: Stage, resumed: boolean, extent: Extent): () => Promise<Sample[]> {
  return async () => {
    const devices = await stage.devices(sized(CONNECTS, extent));
    await stage.learnVersions();
    const measure = async (pid: number, open: Open) => {
      const links: RawLink[] = [];
      const measured = await costOf(pid, async () => links.push(...(await openAll(devices, open))));
      await closeAll(links);
      return measured;
    };
    const floor = () => measure(stage.floor.pid, (device) => device.connect(stage.floor.device, resumed));
    const real = () => measure(stage.pid, (device) => device.join(stage.devicePort, resumed));
    if (resumed) {
      // First connections, which obtain the TLS session tickets.
      await closeAll(await openAll(devices, (device) => device.connect(stage.floor.device)));
      await closeAll(await openAll(devices, (device) => device.join(stage.devicePort)));
    } else {
      for (let warmUp = 0; warmUp < 2; warmUp += 1) {
        await floor();
        await real();
      }
    }
    const samples: Sample[] = [];
    for (let run = 0; run < extent.runs; run += 1) {
      const [bare, ours] = [await floor(), await real()];
      samples.push({
        value: rateOf(ours),
        floor: rateOf(bare),
        busy: Math.min(bare.busy, ours.busy),
        served: servedOf(bare, ours),
      });
    }
    return samples;
  };
}

/** Opens a connection to the floor that has carried a hello and two responses, because TLS keeps buffers for transferred data. */
async function spoken(device: BenchDevice, port: number): Promise<RawLink> {
  const link = await device.connect(port);
  const hello = JSON.stringify({ kind: 'hello', agent: 'bench', ...BenchDevice.has });
  const spoke = new Promise<void>((resolve) => {
    let left = 2;
    link.onText = () => {
      left -= 1;
      if (left === 0) resolve();
      else link.send(hello);
    };
    link.send(hello);
  });
  await within('the responses of the floor', spoke);
  link.onText = () => undefined;
  return link;
}

/** Memory in KiB per connection. Both processes have served a few connections before. Garbage is collected before and after. */
async function idleMemory(stage: Stage, extent: Extent): Promise<Sample> {
  const devices = await stage.devices(sized(IDLE, extent));
  await stage.restart();
  await stage.learnVersions();
  const floor: Floor = await stage.freshFloor();

  const measure = async (pid: number, collect: () => Promise<void>, open: Open) => {
    await closeAll(await openAll(devices.slice(0, 300), open));
    await quiet(pid);
    await collect();
    const before = residentKiB(pid);
    const links = await openAll(devices, open);
    await quiet(pid);
    await collect();
    const each = (residentKiB(pid) - before) / links.length;
    await closeAll(links);
    return each;
  };
  const bare = await measure(floor.pid, floor.collectGarbage, (device) => spoken(device, floor.device));
  await floor.stop();
  const ours = await measure(
    stage.pid,
    () => stage.collectGarbage(),
    (device) => device.join(stage.devicePort),
  );
  return { value: ours, floor: bare, busy: null };
}

export function connectBenches(stage: Stage, extent: Extent = FULL): Bench[] {
  return [
    {
      name: 'memory-idle',
      unit: 'KiB/device',
      // 43 KiB, as MeshCentral on one core of another machine. TLS of the floor keeps a read buffer of 64 KiB, and needs 58 KiB (ADR 49).
      budget: 0.75,
      better: 'less',
      run: async () => [await idleMemory(stage, extent)],
    },
    { name: 'connect-full', unit: '/s of CPU', budget: 0.9, better: 'more', run: connects(stage, false, extent) },
    { name: 'connect-resumed', unit: '/s of CPU', budget: 0.85, better: 'more', run: connects(stage, true, extent) },
  ];
}
