/**
 * Sealed messages from one connected device to another, and out of mailboxes that filled while all devices were offline. A body has the
 * size of a sealed short text. Cordon stores each message before it responds to the sender. A device acknowledges each message separately,
 * as agents do.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import type { BenchDevice } from './bench-device.ts';
import { closeAll, openAll } from './connect.ts';
import { within } from './deadline.ts';
import { heard } from './fan-out.ts';
import { DURABLE_RELAY_PATH, RELAY_PATH } from './floor-tasks.ts';
import { isFrame } from './frame-kind.ts';
import {
  type Bench,
  costOf,
  type Extent,
  FULL,
  firstRun,
  median,
  microsecondsOf,
  rateOf,
  type Sample,
  servedOf,
  sized,
} from './measure.ts';
import type { RawLink } from './raw-link.ts';
import { sealedText } from './seal.ts';
import type { Stage } from './stage.ts';

const DEVICES = 500;
/** Number of messages per device and run. It is fixed, so that the work does not depend on the machine's speed. */
const EACH = 30;
const WAITING = 50;

type Links = ReadonlyMap<BenchDevice, RawLink>;
type Mail = Extract<ServerFrame, { kind: 'mailbox-entry' }>;

const encoded = (frame: DeviceFrame): string => JSON.stringify(frame);

async function linksOf(
  devices: readonly BenchDevice[],
  open: (device: BenchDevice) => Promise<RawLink>,
): Promise<Links> {
  const links = new Map<BenchDevice, RawLink>();
  await openAll(devices, async (device) => {
    const link = await open(device);
    links.set(device, link);
    return link;
  });
  return links;
}

interface Habits {
  /** Resolves after this number of responses to the device. */
  readonly goesOn: (answers: number) => boolean;
  /** A recipient's reaction to a message; null: none. */
  readonly receive: ((link: RawLink, text: string) => void) | null;
}

/**
 * Every device has one unanswered post to the next device at a time. Resolves with the number of posts when all are stored and delivered.
 */
function talk(links: Links, body: string, { goesOn, receive }: Habits): Promise<number> {
  const ring = [...links];
  let posts = 0;
  let missing = 0;
  const all = new Promise<number>((resolve, reject) => {
    const arrived = () => {
      missing -= 1;
      if (missing === 0) resolve(posts);
    };
    ring.forEach(([, link], index) => {
      const [next] = ring[(index + 1) % ring.length] ?? [];
      if (!next) return;
      const post = () => {
        const id = crypto.randomUUID();
        posts += 1;
        missing += receive ? 2 : 1;
        link.send(encoded({ kind: 'post', id, to: [next.id], keep: false, commit: null, expires: null, body }));
      };
      let answers = 0;
      link.onClose = () => reject(new Error('a device was cut off'));
      link.onText = (text) => {
        if (isFrame(text, 'posted')) {
          if (!text.includes('"outcome":"stored"')) reject(new Error(`a post was not stored: ${text}`));
          answers += 1;
          if (goesOn(answers)) post();
          arrived();
        } else if (text.includes(body)) {
          receive?.(link, text);
          arrived();
        }
      };
      post();
    });
  });
  return within('the delivery of all messages', all);
}

function take(link: RawLink, text: string): void {
  const { seq }: Mail = JSON.parse(text);
  link.send(encoded({ kind: 'entries-stored', through: seq }));
}

async function close(links: Links): Promise<void> {
  for (const link of links.values()) link.onClose = () => undefined;
  await closeAll([...links.values()]);
}

/** Waits until the server has finished its work. The function `quiet` alone is not enough when other processes use the server's core. */
async function nothingWaits(stage: Stage): Promise<void> {
  let waiting = await stage.waiting();
  for (let asked = 0; waiting > 0 && asked < 100; asked += 1) {
    await delay(250);
    waiting = await stage.waiting();
  }
  if (waiting > 0) throw new Error(`${waiting} messages were not taken`);
}

/**
 * Measures from `post` until the message is stored, delivered, acknowledged and deleted. The floor passes the same bytes to the named
 * connection and responds. `durable`: the floor stores them in a row first.
 */
async function messages(stage: Stage, durable: boolean, extent: Extent): Promise<Sample[]> {
  const devices = await stage.devices(sized(DEVICES, extent));
  await stage.learnVersions();
  const body = (await sealedText()).toBase64();
  const bare = await linksOf(devices, (device) =>
    device.connect(stage.floor.device, false, `${durable ? DURABLE_RELAY_PATH : RELAY_PATH}${device.id}`),
  );
  const ours = await linksOf(devices, async (device) => {
    const link = await device.join(stage.devicePort);
    link.send(encoded({ kind: 'mailbox', open: true }));
    return link;
  });
  const measure = (pid: number, links: Links, receive: Habits['receive']) =>
    costOf(pid, () => talk(links, body, { goesOn: (answers) => answers < EACH, receive }));
  const samples: Sample[] = [];
  for (let run = firstRun(extent); run < extent.runs; run += 1) {
    const floor = await measure(stage.floor.pid, bare, () => undefined);
    const real = await measure(stage.pid, ours, take);
    await nothingWaits(stage);
    // The first run of Cordon and of the floor is a warm-up.
    if (run < 0) continue;
    samples.push({
      value: rateOf(real),
      floor: rateOf(floor),
      busy: Math.min(floor.busy, real.busy),
      served: servedOf(floor, real),
    });
  }
  await close(bare);
  await close(ours);
  return samples;
}

/** All devices connect at the same time. The function `openAll` would spread that load, which this benchmark measures. */
async function allOnline(
  devices: readonly BenchDevice[],
  open: (device: BenchDevice) => Promise<RawLink>,
): Promise<Links> {
  return new Map(await Promise.all(devices.map(async (device) => [device, await open(device)] as const)));
}

/**
 * The devices connect, request their mailboxes and acknowledge all messages. The floor upgrades as many connections and sends each the same
 * number of bytes.
 */
async function mailBurst(stage: Stage, seconds: number[], extent: Extent): Promise<Sample[]> {
  const devices = await stage.devices(sized(DEVICES, extent));
  await stage.learnVersions();
  const body = (await sealedText()).toBase64();
  const samples: Sample[] = [];
  for (let run = firstRun(extent); run < extent.runs; run += 1) {
    const filling = await linksOf(devices, (device) => device.join(stage.devicePort));
    await talk(filling, body, { goesOn: (answers) => answers < WAITING, receive: null });
    await close(filling);
    let sample = '';
    let ours: Links = new Map();
    let took = 0;
    const real = await costOf(stage.pid, async () => {
      const started = performance.now();
      const emptied: Promise<void>[] = [];
      ours = await allOnline(devices, async (device) => {
        const link = await device.join(stage.devicePort);
        const mail = heard([link], WAITING, (text) => {
          if (!isFrame(text, 'mailbox-entry')) return false;
          take(link, text);
          sample = text;
          return true;
        });
        emptied.push(mail);
        link.send(encoded({ kind: 'mailbox', open: true }));
        return link;
      });
      await Promise.all(emptied);
      took = (performance.now() - started) / 1000;
      await nothingWaits(stage);
      return devices.length * WAITING;
    });
    await close(ours);
    let bare: Links = new Map();
    const floor = await costOf(stage.floor.pid, async () => {
      bare = await allOnline(devices, (device) => device.connect(stage.floor.device));
      const all = heard([...bare.values()], WAITING, () => true);
      for (let round = 0; round < WAITING; round += 1) await stage.floor.fanOut(sample);
      await all;
      return devices.length * WAITING;
    });
    await close(bare);
    if (run < 0) continue;
    samples.push({ value: microsecondsOf(real), floor: microsecondsOf(floor), busy: null });
    seconds.push(took);
  }
  return samples;
}

export function messageBenches(stage: Stage, extent: Extent = FULL): Bench[] {
  const seconds: number[] = [];
  return [
    { name: 'messages', unit: '/s of CPU', budget: 0.6, better: 'more', run: () => messages(stage, false, extent) },
    {
      name: 'messages-durable',
      unit: '/s of CPU',
      budget: 0.75,
      better: 'more',
      run: () => messages(stage, true, extent),
    },
    {
      name: 'mail-burst',
      unit: 'µs of CPU/message',
      budget: 3,
      better: 'less',
      run: () => mailBurst(stage, seconds, extent),
      notes: async () => [
        `${DEVICES} devices with ${WAITING} messages each, ${median(seconds).toFixed(2)} s from the first packet to the last that came`,
      ],
    },
  ];
}
