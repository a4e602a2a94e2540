/** A command to every device, stored before the server sends it. The floor sends as many bytes to as many connections. */
import type { DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import { newCommandId } from '../../shared/protocol/ids.ts';
import type { BenchDevice } from './bench-device.ts';
import { closeAll, openAll } from './connect.ts';
import { within } from './deadline.ts';
import { type Bench, costOf, type Extent, FULL, firstRun, microsecondsOf, type Sample, sized } from './measure.ts';
import { openFileLimit, quiet } from './process.ts';
import type { RawLink } from './raw-link.ts';
import type { Stage } from './stage.ts';

/** Number of devices. This process needs two connections for each device, one to the server and one to the floor. */
const DEVICES = Math.min(10_000, Math.floor((openFileLimit() - 800) / 2));
/** Fan-outs of the floor in one measurement. A single one takes a fifth of a second, which is too short for the clock of /proc. */
const ROUNDS = 5;

/** Resolves when every connection has received `count` texts for which `counts` returns true. */
export function heard(links: readonly RawLink[], count: number, counts: (text: string) => boolean): Promise<void> {
  const all = new Promise<void>((resolve, reject) => {
    let missing = links.length;
    for (const link of links) {
      let left = count;
      link.onClose = () => reject(new Error('a device was cut off'));
      link.onText = (text) => {
        if (!counts(text)) return;
        left -= 1;
        if (left === 0) missing -= 1;
        if (missing === 0) resolve();
      };
    }
  });
  return within('the arrival of the frames at all devices', all);
}

interface StoredBytes {
  readonly when: string;
  /** Bytes per device, by table with its indexes. */
  readonly tables: Readonly<Record<string, number>>;
}

/** Growth of the tables in bytes per device. Leaves out tables that grew by less than a byte. */
function growth(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>, devices: number) {
  const grown = [...after].map(([table, bytes]) => [table, Math.round((bytes - (before.get(table) ?? 0)) / devices)]);
  return Object.fromEntries(grown.filter(([, bytes]) => Number(bytes) > 0));
}

async function fanOut(stage: Stage, stored: StoredBytes[], extent: Extent): Promise<Sample[]> {
  const devices = await stage.devices(sized(DEVICES, extent));
  await stage.learnVersions();
  const bare = await openAll(devices, (device) => device.connect(stage.floor.device));
  const ours = new Map<BenchDevice, RawLink>();
  await openAll(devices, async (device) => {
    const link = await device.join(stage.devicePort);
    ours.set(device, link);
    return link;
  });
  const frame = JSON.stringify({
    kind: 'command',
    id: newCommandId().slice(0, -5).concat('@'),
    command: { kind: 'lock-workspace' },
    expires: Date.now(),
  });
  const samples: Sample[] = [];
  const empty = stage.storeBytes();
  for (let run = firstRun(extent); run < extent.runs; run += 1) {
    const floor = await costOf(stage.floor.pid, async () => {
      const all = heard(bare, ROUNDS, () => true);
      for (let round = 0; round < ROUNDS; round += 1) await stage.floor.fanOut(frame);
      await all;
      return bare.length * ROUNDS;
    });
    const links = [...ours.values()];
    const commands = new Map<RawLink, string>();
    const real = await costOf(stage.pid, async () => {
      const all = Promise.all(
        links.map((link) =>
          heard([link], 1, (text) => {
            const said: ServerFrame = JSON.parse(text);
            if (said.kind === 'command') commands.set(link, said.id);
            return said.kind === 'command';
          }),
        ),
      );
      const ids = devices.map(({ id }) => id);
      await stage.post('/commands', { devices: ids, command: { kind: 'lock-workspace' } });
      await all;
      return links.length;
    });
    if (run >= 0) samples.push({ value: microsecondsOf(real), floor: microsecondsOf(floor), busy: null });
    const sent = stage.storeBytes();
    if (run < 0) stored.push({ when: 'before the first byte is sent', tables: growth(empty, sent, links.length) });
    for (const [link, id] of commands) link.send(JSON.stringify({ kind: 'command-stored', id } as DeviceFrame));
    await quiet(stage.pid);
    if (run < 0) {
      stored.push({
        when: 'after the device stored the command',
        tables: growth(sent, stage.storeBytes(), links.length),
      });
    }
  }
  const links = [...bare, ...ours.values()];
  for (const link of links) link.onClose = () => undefined;
  await closeAll(links);
  return samples;
}

function lineOf({ when, tables }: StoredBytes): string {
  const parts = Object.entries(tables).map(([table, bytes]) => `${bytes} in ${table}`);
  const sum = Object.values(tables).reduce((total, bytes) => total + bytes, 0);
  return `bytes in the store per device, ${when}: ${sum} (${parts.join(', ')}); the floor stores nothing`;
}

export function fanOutBench(stage: Stage, extent: Extent = FULL): Bench {
  const stored: StoredBytes[] = [];
  return {
    name: 'fan-out',
    unit: 'µs of CPU/device',
    budget: 1.5,
    better: 'less',
    run: () => fanOut(stage, stored, extent),
    notes: async () => stored.map(lineOf),
  };
}
