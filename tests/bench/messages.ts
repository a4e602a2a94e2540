/**
 * Sealed messages: from one connected device to another, and out of mailboxes that have filled while everybody was away. A body is what a short
 * text weighs when it is sealed. Cordon has each on disk before its sender hears so, and each is taken by itself, as agents do.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import type { BenchDevice } from './bench-device.ts';
import { closeAll, openAll } from './connect.ts';
import { heard } from './fan-out.ts';
import { RELAY_PATH } from './floor-process.ts';
import { type Bench, costOf, median, microsecondsOf, rateOf, type Sample } from './measure.ts';
import type { RawLink } from './raw-link.ts';
import { sealedText } from './seal.ts';
import type { Stage } from './stage.ts';

const DEVICES = 500;
/** From each device in a run: the same work however fast the machine is just now. */
const EACH = 30;
const WAITING = 50;
const RUNS = 3;

type Links = ReadonlyMap<BenchDevice, RawLink>;
type Mail = Extract<ServerFrame, { kind: 'mail' }>;

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
  /** After so many answers to this device. */
  readonly goesOn: (answers: number) => boolean;
  /** What a recipient does with what comes; null when nothing does. */
  readonly receive: ((link: RawLink, text: string) => void) | null;
}

/** Every device has one post on its way to the next one in the round. Resolves with their number when all have been answered, and have come. */
function talk(links: Links, body: string, { goesOn, receive }: Habits): Promise<number> {
  const ring = [...links];
  let posts = 0;
  let missing = 0;
  return new Promise((resolve, reject) => {
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
        if (text.startsWith('{"kind":"posted"')) {
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
}

function take(link: RawLink, text: string): void {
  const { seq }: Mail = JSON.parse(text);
  link.send(encoded({ kind: 'taken', through: seq }));
}

async function close(links: Links): Promise<void> {
  for (const link of links.values()) link.onClose = () => undefined;
  await closeAll([...links.values()]);
}

/** The server has carried out what it was told last: `quiet` alone is fooled when others take its core. */
async function nothingWaits(stage: Stage): Promise<void> {
  let waiting = await stage.waiting();
  for (let asked = 0; waiting > 0 && asked < 100; asked += 1) {
    await delay(250);
    waiting = await stage.waiting();
  }
  if (waiting > 0) throw new Error(`${waiting} messages were not taken`);
}

/** From `post` until it is stored, delivered, taken and gone. The floor gives the same bytes to whom they name and answers. */
async function messages(stage: Stage): Promise<Sample[]> {
  const devices = await stage.devices(DEVICES);
  await stage.learnVersions();
  const body = (await sealedText()).toBase64();
  const bare = await linksOf(devices, (device) =>
    device.connect(stage.floor.device, false, `${RELAY_PATH}${device.id}`),
  );
  const ours = await linksOf(devices, async (device) => {
    const link = await device.join(stage.devicePort);
    link.send(encoded({ kind: 'mailbox', open: true }));
    return link;
  });
  const measure = (pid: number, links: Links, receive: Habits['receive']) =>
    costOf(pid, () => talk(links, body, { goesOn: (answers) => answers < EACH, receive }));
  const samples: Sample[] = [];
  for (let run = -1; run < RUNS; run += 1) {
    const floor = await measure(stage.floor.pid, bare, () => undefined);
    const real = await measure(stage.pid, ours, take);
    await nothingWaits(stage);
    // The first of each warms up.
    if (run < 0) continue;
    samples.push({ value: rateOf(real), floor: rateOf(floor), busy: Math.min(floor.busy, real.busy) });
  }
  await close(bare);
  await close(ours);
  return samples;
}

/** All at once: what `openAll` spreads out is the very thing that is measured here. */
async function allOnline(
  devices: readonly BenchDevice[],
  open: (device: BenchDevice) => Promise<RawLink>,
): Promise<Links> {
  return new Map(await Promise.all(devices.map(async (device) => [device, await open(device)] as const)));
}

/** They connect, ask for their mailboxes, and have taken everything. The floor upgrades as many and sends as much to each. */
async function mailBurst(stage: Stage, seconds: number[]): Promise<Sample[]> {
  const devices = await stage.devices(DEVICES);
  await stage.learnVersions();
  const body = (await sealedText()).toBase64();
  const samples: Sample[] = [];
  for (let run = -1; run < RUNS; run += 1) {
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
          if (!text.startsWith('{"kind":"mail",')) return false;
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
      return DEVICES * WAITING;
    });
    await close(ours);
    let bare: Links = new Map();
    const floor = await costOf(stage.floor.pid, async () => {
      bare = await allOnline(devices, (device) => device.connect(stage.floor.device));
      const all = heard([...bare.values()], WAITING, () => true);
      for (let round = 0; round < WAITING; round += 1) await stage.floor.fanOut(sample);
      await all;
      return DEVICES * WAITING;
    });
    await close(bare);
    if (run < 0) continue;
    samples.push({ value: microsecondsOf(real), floor: microsecondsOf(floor), busy: null });
    seconds.push(took);
  }
  return samples;
}

export function messageBenches(stage: Stage): Bench[] {
  const seconds: number[] = [];
  return [
    { name: 'messages', unit: '/s of CPU', budget: 0.6, better: 'more', run: () => messages(stage) },
    {
      name: 'mail-burst',
      unit: 'µs of CPU/message',
      budget: 3,
      better: 'less',
      run: () => mailBurst(stage, seconds),
      notes: async () => [
        `${DEVICES} devices with ${WAITING} messages each, ${median(seconds).toFixed(2)} s from the first packet to the last that came`,
      ],
    },
  ];
}
