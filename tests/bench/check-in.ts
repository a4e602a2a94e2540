/**
 * A durable check-in: the server parses, judges, stores and acknowledges a device's report. The floor parses as many bytes and sends them
 * back.
 */
import type { DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import type { BenchDevice } from './bench-device.ts';
import { closeAll, openAll } from './connect.ts';
import { type Bench, costOf, rateOf, type Sample } from './measure.ts';
import type { RawLink } from './raw-link.ts';
import type { Stage } from './stage.ts';

const DEVICES = 500;
const SECONDS = 2;
const RUNS = 3;

/** Periodic report of an agent: position and network. */
function report(seq: number): string {
  const at = Date.now();
  const frame: DeviceFrame = {
    kind: 'report',
    seq,
    item: {
      type: 'evidence',
      observations: [
        { source: 'position', areas: ['PK'], at, whole: true },
        { source: 'network', areas: ['PK'], at },
      ],
    },
  };
  return JSON.stringify(frame);
}

interface Talk {
  readonly link: RawLink;
  readonly device: BenchDevice;
}

/** Every device has one report in progress until the time is over. */
async function talk(talks: readonly Talk[], isAnswer: (text: string) => boolean): Promise<number> {
  const until = performance.now() + SECONDS * 1000;
  let answered = 0;
  const one = ({ link, device }: Talk) =>
    new Promise<void>((resolve, reject) => {
      link.onClose = () => reject(new Error('a device was cut off'));
      link.onText = (text) => {
        if (!isAnswer(text)) return;
        answered += 1;
        device.reports += 1;
        if (performance.now() < until) link.send(report(device.reports + 1));
        else resolve();
      };
      link.send(report(device.reports + 1));
    });
  await Promise.all(talks.map(one));
  for (const { link } of talks) link.onClose = () => undefined;
  return answered;
}

const isStored = (text: string) => (JSON.parse(text) as ServerFrame).kind === 'reports-stored';

async function checkIn(stage: Stage): Promise<Sample[]> {
  const devices = await stage.devices(DEVICES);
  await stage.learnVersions();
  const bare: Talk[] = [];
  const ours: Talk[] = [];
  await openAll(devices, async (device) => {
    const link = await device.connect(stage.floor.device);
    bare.push({ link, device });
    return link;
  });
  await openAll(devices, async (device) => {
    const link = await device.join(stage.devicePort);
    ours.push({ link, device });
    return link;
  });
  const samples: Sample[] = [];
  for (let run = -1; run < RUNS; run += 1) {
    // The floor stores no reports, so their numbers do not matter.
    const numbers = devices.map(({ reports }) => reports);
    const floor = await costOf(stage.floor.pid, () => talk(bare, () => true));
    devices.forEach((device, index) => {
      device.reports = numbers[index] ?? 0;
    });
    const real = await costOf(stage.pid, () => talk(ours, isStored));
    if (run < 0) continue;
    samples.push({ value: rateOf(real), floor: rateOf(floor), busy: Math.min(floor.busy, real.busy) });
  }
  await closeAll([...bare, ...ours].map(({ link }) => link));
  return samples;
}

export function checkInBench(stage: Stage): Bench {
  return { name: 'check-in', unit: '/s of CPU', budget: 0.4, better: 'more', run: () => checkIn(stage) };
}
