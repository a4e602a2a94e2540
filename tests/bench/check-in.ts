/**
 * A durable check-in: the server parses, evaluates, stores and acknowledges a device's report. There are two floors. The first parses as
 * many bytes and sends them back. The second also stores them in a row before it responds.
 */
import type { DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import type { BenchDevice } from './bench-device.ts';
import { closeAll, openAll } from './connect.ts';
import { within } from './deadline.ts';
import { REPORT_PATH } from './floor-tasks.ts';
import { type Bench, costOf, type Extent, FULL, firstRun, rateOf, type Sample, servedOf, sized } from './measure.ts';
import type { RawLink } from './raw-link.ts';
import type { Stage } from './stage.ts';

const DEVICES = 500;
const SECONDS = 2;

/** A periodic report of an agent: position and network. */
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

/** Every device has one unacknowledged report at a time, until the time is over. */
async function talk(talks: readonly Talk[], seconds: number, isAnswer: (text: string) => boolean): Promise<number> {
  const until = performance.now() + seconds * 1000;
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
  await within('the check-in of all devices', Promise.all(talks.map(one)));
  for (const { link } of talks) link.onClose = () => undefined;
  return answered;
}

const isStored = (text: string) => (JSON.parse(text) as ServerFrame).kind === 'reports-stored';

async function checkIn(stage: Stage, durable: boolean, extent: Extent): Promise<Sample[]> {
  const { runs, share } = extent;
  const devices = await stage.devices(sized(DEVICES, extent));
  await stage.learnVersions();
  const bare: Talk[] = [];
  const ours: Talk[] = [];
  await openAll(devices, async (device) => {
    const path = durable ? `${REPORT_PATH}${device.id}` : undefined;
    const link = await device.connect(stage.floor.device, false, path);
    bare.push({ link, device });
    return link;
  });
  await openAll(devices, async (device) => {
    const link = await device.join(stage.devicePort);
    ours.push({ link, device });
    return link;
  });
  const samples: Sample[] = [];
  for (let run = firstRun(extent); run < runs; run += 1) {
    // The floor does not check sequence numbers, so the numbers continue after the server's last.
    const numbers = devices.map(({ reports }) => reports);
    const floor = await costOf(stage.floor.pid, () => talk(bare, SECONDS * share, () => true));
    devices.forEach((device, index) => {
      device.reports = numbers[index] ?? 0;
    });
    const real = await costOf(stage.pid, () => talk(ours, SECONDS * share, isStored));
    if (run < 0) continue;
    samples.push({
      value: rateOf(real),
      floor: rateOf(floor),
      busy: Math.min(floor.busy, real.busy),
      served: servedOf(floor, real),
    });
  }
  await closeAll([...bare, ...ours].map(({ link }) => link));
  return samples;
}

export function checkInBenches(stage: Stage, extent: Extent = FULL): Bench[] {
  const common = { unit: '/s of CPU', better: 'more' } as const;
  return [
    { ...common, name: 'check-in', budget: 0.4, run: () => checkIn(stage, false, extent) },
    { ...common, name: 'check-in-durable', budget: 0.7, run: () => checkIn(stage, true, extent) },
  ];
}
