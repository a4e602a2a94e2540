/**
 * Part of a benchmark's devices, in a separate process. Each device has one connection to the server. If the floor is measured, the device
 * also has one to the floor program. A process may open 20,000 files here, which allows two connections for fewer than 10,000 devices.
 */
import type { DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import { serve } from '../replay/rpc.ts';
import { BenchDevice, type Credentials, type Versions } from './bench-device.ts';
import { closeAll, openAll } from './connect.ts';
import { within } from './deadline.ts';
import { isFrame } from './frame-kind.ts';
import { type OrderAnswer, orderAnswers } from './order-answers.ts';
import type { RawLink } from './raw-link.ts';

/** Equal work for the floor program. */
export interface Said {
  readonly list: string;
  readonly replies: readonly string[];
}

interface Played {
  readonly device: BenchDevice;
  readonly link: RawLink;
}

let played: Played[] = [];
let bare: RawLink[] = [];
let expected: Promise<Said> = Promise.reject(new Error('nothing is expected'));
expected.catch(() => undefined);
let echoed: Promise<void> = Promise.resolve();

function play(answer: OrderAnswer | null): Promise<Said> {
  let missing = played.length;
  let said: Said = { list: '', replies: [] };
  return new Promise((resolve, reject) => {
    const done = () => {
      missing -= 1;
      if (missing === 0) resolve(said);
    };
    for (const { device, link } of played) {
      const last = device.reports + 2;
      link.onClose = () => reject(new Error('a device was cut off'));
      link.onText = (text) => {
        if (isFrame(text, 'list')) {
          const replies = answer ? orderAnswers(device, text, answer) : [];
          for (const reply of replies) link.send(reply);
          said = { list: text, replies };
          if (!answer) done();
        } else if (answer) {
          const frame: ServerFrame = JSON.parse(text);
          if (frame.kind !== 'reports-stored' || frame.through < last) return;
          device.reports = last;
          done();
        }
      };
    }
  });
}

function echo({ list, replies }: Said): Promise<void> {
  let missing = bare.length * replies.length;
  return new Promise((resolve) => {
    for (const link of bare) {
      link.onText = (text) => {
        // The first frame from the floor is the list. The following frames are echoes.
        if (text.length === list.length) for (const reply of replies) link.send(reply);
        else missing -= 1;
        if (missing === 0) resolve();
      };
    }
  });
}

/** Reports a device's location by its own position. The server stores it. */
function sayWhere({ device, link }: Played, areas: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const seq = device.reports + 1;
    link.onClose = () => reject(new Error('a device was cut off'));
    link.onText = (text) => {
      const frame: ServerFrame = JSON.parse(text);
      if (frame.kind !== 'reports-stored' || frame.through < seq) return;
      device.reports = seq;
      resolve();
    };
    const observations = [{ source: 'position' as const, areas: [...areas], at: Date.now(), whole: true }];
    const frame: DeviceFrame = { kind: 'report', seq, item: { type: 'evidence', observations } };
    link.send(JSON.stringify(frame));
  });
}

const handlers = {
  async connect(given: {
    devices: readonly Credentials[];
    has: Versions;
    server: number;
    floor: number | null;
    at: readonly string[] | null;
  }) {
    const { devices, has, server, floor, at } = given;
    BenchDevice.has = has;
    const all = devices.map((each) => BenchDevice.from(each));
    if (floor !== null) bare = await openAll(all, (device) => device.connect(floor));
    await openAll(all, async (device) => {
      const link = await device.join(server);
      played.push({ device, link });
      return link;
    });
    if (at) await within('the reports of all locations', Promise.all(played.map((one) => sayWhere(one, at))));
    return null;
  },

  /** The results `played` and `echoed` arrive when the work is done. The caller starts the measured work before it waits for them. */
  play(answer: OrderAnswer | null) {
    expected = within('the answers of all devices to the order list', play(answer));
    expected.catch(() => undefined);
    return null;
  },
  played: (_: null) => expected,

  echo(said: Said) {
    echoed = within('the echoes of the floor', echo(said));
    echoed.catch(() => undefined);
    return null;
  },
  echoed: (_: null) => echoed,

  async close(_: null) {
    for (const { link } of played) link.onClose = () => undefined;
    await closeAll([...bare, ...played.map(({ link }) => link)]);
    played = [];
    bare = [];
    return null;
  },
};
export type FleetHandlers = typeof handlers;

serve(handlers);
