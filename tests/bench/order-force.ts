/**
 * An order enters into force over connected devices: from the approval that adopts it until the last device's signed receipt is on disk.
 * The floor sends the same list to as many connections and echoes as many frames as devices answer with.
 */
import { z } from 'zod';
import { orderListSchema } from '../../shared/order/documents.ts';
import type { DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import type { BenchDevice } from './bench-device.ts';
import { closeAll, openAll } from './connect.ts';
import { heard } from './fan-out.ts';
import { type Bench, costOf, type Measured, microsecondsOf, type Sample } from './measure.ts';
import { cpuSeconds, quiet } from './process.ts';
import type { RawLink } from './raw-link.ts';
import type { Stage } from './stage.ts';

const DEVICES = 4_000;
const RUNS = 3;

const TERMS = {
  title: 'Pakistan',
  areas: ['PK'],
  services: ['messaging'],
  nexus: ['home'],
  zone: 'Asia/Karachi',
  unknown: 'allow',
  contested: 'allow',
  travellers: 'deny',
  authority: 'The regulator',
  addressee: 'The operator',
  instrument: 'Directive 1',
  statement: { en: 'Messages are suspended in Pakistan by order of the regulator.' },
} as const;

interface Played {
  readonly device: BenchDevice;
  readonly link: RawLink;
}

/** What an agent does with a list that brings an order into force: it keeps it, and says so under its signature. */
function answers({ device }: Played, list: string, { order, revision }: { order: string; revision: number }): string[] {
  const frame: ServerFrame = JSON.parse(list);
  if (frame.kind !== 'list') throw new Error('not a list');
  const { installation, version } = orderListSchema.parse(
    JSON.parse(Buffer.from(frame.envelope.payload, 'base64').toString()),
  );
  const about = { installation, listVersion: version };
  const informed = { kind: 'informed', order, revision, service: null, gate: null } as const;
  const enforced = { kind: 'enforced', order, revision, service: 'messaging', gate: 'closed' } as const;
  const frames: DeviceFrame[] = [
    { kind: 'have', list: version, record: device.welcomed.record, root: device.welcomed.root },
    ...[informed, enforced].map(
      (receipt, index): DeviceFrame => ({
        kind: 'report',
        seq: device.reports + 1 + index,
        item: { type: 'receipt', envelope: device.receipt({ ...about, ...receipt }) },
      }),
    ),
  ];
  return frames.map((each) => JSON.stringify(each));
}

const kindOf = (text: string): string => z.object({ kind: z.string() }).parse(JSON.parse(text)).kind;

async function orderForce(stage: Stage): Promise<Sample[]> {
  const { operator } = stage;
  const devices = await stage.devices(DEVICES);
  await stage.learnVersions();
  const bare = await openAll(devices, (device) => device.connect(stage.floor.device));
  const played: Played[] = [];
  await openAll(devices, async (device) => {
    const link = await device.join(stage.devicePort);
    played.push({ device, link });
    return link;
  });
  const links = played.map(({ link }) => link);

  const proposed = await operator.propose({ ...TERMS, effective: new Date(Date.now() + 4_000).toISOString() });
  const { order } = proposed;
  const first = heard(links, 1, (text) => kindOf(text) === 'list');
  await operator.adopt(proposed);
  await first;
  await new Promise((resolve) => setTimeout(resolve, 5_000));

  const samples: Sample[] = [];
  for (let run = -1; run < RUNS; run += 1) {
    const held = await operator.act(order, { act: 'hold' });
    const [ada, ben] = operator.approvers;
    if (!ada || !ben) throw new Error('there are no approvers');
    const toldOfHold = heard(links, 1, (text) => kindOf(text) === 'list');
    await operator.approve(order, held.revision, ada);
    await toldOfHold;
    const released = await operator.act(order, { act: 'release' });
    await operator.approve(order, released.revision, ada);

    let list = '';
    let replies: string[] = [];
    const real = await force(stage, played, async () => {
      const done = Promise.all(
        played.map((one) => {
          const last = one.device.reports + 2;
          return new Promise<void>((resolve, reject) => {
            one.link.onClose = () => reject(new Error('a device was cut off'));
            one.link.onText = (text) => {
              const frame: ServerFrame = JSON.parse(text);
              if (frame.kind === 'list') {
                list = text;
                replies = answers(one, text, released);
                for (const reply of replies) one.link.send(reply);
              } else if (frame.kind === 'reports-stored' && frame.through >= last) {
                one.device.reports = last;
                resolve();
              }
            };
          });
        }),
      );
      await operator.approve(order, released.revision, ben);
      await done;
    });
    const floor = await costOf(stage.floor.pid, async () => {
      const echoed = new Promise<void>((resolve) => {
        let missing = bare.length * replies.length;
        for (const link of bare) {
          link.onText = (text) => {
            // The first is the list itself; what follows are echoes.
            if (text.length === list.length) for (const reply of replies) link.send(reply);
            else missing -= 1;
            if (missing === 0) resolve();
          };
        }
      });
      await stage.floor.fanOut(list);
      await echoed;
      return bare.length;
    });
    await verified(stage, order, released.revision);
    if (run >= 0) samples.push({ value: microsecondsOf(real), floor: microsecondsOf(floor), busy: null });
  }
  for (const link of links) link.onClose = () => undefined;
  await closeAll([...bare, ...links]);
  return samples;
}

/** Until the last receipt is stored, and no longer: signatures are verified off that path. */
async function force(stage: Stage, played: readonly Played[], act: () => Promise<void>): Promise<Measured> {
  await quiet(stage.pid);
  const before = cpuSeconds(stage.pid);
  await act();
  return { count: played.length, cpu: cpuSeconds(stage.pid) - before, busy: 1 };
}

/** What was stored must become evidence, or the figure is worth nothing. */
async function verified(stage: Stage, order: string, revision: number): Promise<void> {
  const shape = z.object({ receipts: z.array(z.object({ kind: z.string(), revision: z.int().nullable() })) });
  for (const until = Date.now() + 30_000; Date.now() < until; ) {
    await quiet(stage.pid);
    const { receipts } = shape.parse(await stage.get(`/orders/${order}/receipts`));
    const ours = receipts.filter((each) => each.kind === 'enforced' && each.revision === revision);
    if (ours.length >= DEVICES) return;
  }
  throw new Error('not every receipt was verified within half a minute');
}

export function orderForceBench(stage: Stage): Bench {
  return { name: 'order-force', unit: 'µs of CPU/device', budget: 3, better: 'less', run: () => orderForce(stage) };
}
