/** Simulated devices of the demo. A few processes run thousands of devices each, and each process has devices of every office. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { z } from 'zod';
import type { demoMessage } from '../../shared/api/demo.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { type Addresses, nowhere } from '../replay/addresses.ts';
import type { Drive } from '../replay/drive.ts';
import type { FleetHandlers } from '../replay/fleet-process.ts';
import { Child } from '../replay/rpc.ts';
import type { Place, Which } from '../replay/simulated-fleet.ts';
import { programPath } from '../support/programs.ts';
import type { Spot } from './offices.ts';
import type { Resident } from './population.ts';

/** Largest number of devices in one process, which then needs about 250 MB. */
const PER_PROCESS = 1_500;
/** Number of devices that enroll together. The demo creates the codes of the next devices meanwhile. */
const BATCH = 40;
const LOOK_EVERY = 250;
const DELIVERY_LOOK = 50;
/** Longest delivery time of a message. */
const DELIVERED_WITHIN = 15_000;
const CONFIRMED_WITHIN = 60_000;
const SAID_WITHIN = 60_000;
/** Number of addresses per country. A large office has few addresses, as behind a router. */
const ADDRESSES_PER_COUNTRY = 250;

export interface Code {
  readonly device: DeviceId;
  readonly link: string;
}

/** Devices of one process, with the position of each device among the devices of its spot. */
interface Share {
  readonly child: Child<FleetHandlers>;
  readonly residents: readonly (Resident & { readonly which: Which })[];
}

export class DemoFleet {
  readonly #shares: readonly Share[];
  readonly #folder: string;
  readonly #devices = new Map<string, DeviceId>();
  readonly #addresses: (spot: Spot) => string;

  constructor(
    residents: readonly Resident[],
    given: { readonly folder: string; readonly addresses: Addresses; readonly onKept: (why: Error) => void },
  ) {
    const { folder, addresses, onKept } = given;
    this.#folder = folder;
    this.#addresses = addressesOf(addresses);
    const module = programPath('tests/replay/fleet-process.ts');
    const processes = Math.ceil(residents.length / PER_PROCESS);
    this.#shares = Array.from({ length: processes }, (_, number) => {
      const mine = residents.filter((_, index) => index % processes === number);
      const seen = new Map<string, number>();
      return {
        child: new Child<FleetHandlers>(`device process ${number + 1}`, module, join(folder, `devices-${number}.log`), {
          detached: true,
          onKept,
        }),
        residents: mine.map((resident) => {
          const { label } = resident.spot;
          const index = seen.get(label) ?? 0;
          seen.set(label, index + 1);
          return { ...resident, which: { label, index } };
        }),
      };
    });
  }

  get pids(): number[] {
    return this.#shares.flatMap(({ child }) => child.pid ?? []);
  }

  async #all<T>(work: (share: Share, number: number) => Promise<T>): Promise<T[]> {
    return Promise.all(this.#shares.map(work));
  }

  /** Starts the processes. `proxy`: address from which the proxy of each process connects. */
  async open(drive: Drive, now: number, proxy: (process: number) => string): Promise<void> {
    await this.#all(({ child, residents }, number) =>
      child.call('open', {
        folder: join(this.#folder, `devices-${number}`),
        drive,
        lasting: false,
        proxy: proxy(number),
        places: this.#places(residents, now),
      }),
    );
  }

  #places(residents: Share['residents'], now: number): Place[] {
    const bySpot = Map.groupBy(residents, ({ spot }) => spot);
    return [...bySpot].map(([spot, of]) => ({
      label: spot.label,
      count: of.length,
      boot: { id: randomUUID(), since: now },
      offset: 0,
      // An offline device connected before, so it has a record on the server.
      online: true,
      evidence: spot.evidence,
      addresses: of.map(() => this.#addresses(spot)),
      machines: of.map(({ machine }) => machine),
    }));
  }

  /** Enrolls the devices. `codes` creates activation codes for these people. `told` receives the number of enrolled devices. */
  async enroll(
    codes: (residents: readonly Resident[]) => Promise<Code[]>,
    told: (enrolled: number) => void,
  ): Promise<void> {
    const enrolling = this.#all(async ({ child, residents }) => {
      let made = codes(residents.slice(0, BATCH));
      for (let from = 0; from < residents.length; from += BATCH) {
        const batch = residents.slice(from, from + BATCH);
        const now = await made;
        made = codes(residents.slice(from + BATCH, from + 2 * BATCH));
        await child.call('enroll', {
          links: batch.map(({ which }, index) => ({ ...which, link: now[index]?.link ?? '' })),
        });
        for (const [index, { spot, index: nth }] of batch.entries()) {
          const device = now[index]?.device;
          if (device) this.#devices.set(`${spot.label}-${nth}`, device);
        }
      }
      await made;
    });
    await this.#watched(enrolling, ({ enrolled }) => told(enrolled));
  }

  /** Connects all devices, and disconnects the offline devices again. `told` receives the number of connection attempts. */
  async launch(told: (tried: number) => void): Promise<void> {
    const launching = this.#all(async ({ child, residents }) => {
      await child.call('launch', null);
      const off = new Set(residents.filter(({ spot }) => !spot.online).map(({ spot }) => spot.label));
      for (const label of off) {
        await allSaid(child, label);
        await child.call('network', { label, online: false });
      }
      await child.call('live', null);
    });
    await this.#watched(launching, ({ tried }) => told(tried));
  }

  async #watched<T>(work: Promise<T>, told: (sum: { enrolled: number; tried: number }) => void): Promise<T> {
    let done = false;
    const finished = work.finally(() => {
      done = true;
    });
    const watching = async () => {
      while (!done) {
        await Promise.race([pause(LOOK_EVERY), finished]);
        const each = await this.#all(({ child }) => child.call('progress', null));
        const sum = (key: 'enrolled' | 'tried') => each.reduce((total, one) => total + one[key], 0);
        told({ enrolled: sum('enrolled'), tried: sum('tried') });
      }
    };
    await Promise.all([finished, watching()]);
    return finished;
  }

  /** Device id by spot and position. */
  device({ label, index }: Which): DeviceId {
    const device = this.#devices.get(`${label}-${index}`);
    if (!device) throw new Error(`${label}-${index} has not enrolled`);
    return device;
  }

  async jump(to: Drive): Promise<void> {
    await this.#all(({ child }) => child.call('jump', { to }));
  }

  async wake(): Promise<void> {
    await this.#all(({ child }) => child.call('wake', null));
  }

  async tick(): Promise<void> {
    await this.#all(({ child }) => child.call('tick', null));
  }

  async look(): Promise<void> {
    await this.#all(({ child }) => child.call('look', null));
  }

  /** Number of online devices that lack this order list or have unsent frames. */
  async restless(list: number): Promise<number> {
    const counts = await this.#all(({ child }) => child.call('restless', { list }));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Process in which a device runs, and the device's name there. */
  #at(which: Which) {
    for (const { child, residents } of this.#shares) {
      const found = residents.find(({ spot, index }) => spot.label === which.label && index === which.index);
      if (found) return { child, which: found.which };
    }
    throw new Error(`${which.label}-${which.index} is not a device of this demo`);
  }

  /** Resolves when the organization has verified these devices, and the devices have received the confirmation. */
  async confirmed(all: readonly Which[]): Promise<void> {
    const deadline = performance.now() + CONFIRMED_WITHIN;
    for (const each of all) {
      const { child, which } = this.#at(each);
      while ((await child.call('messaging', which))?.state === 'uncertified') {
        if (performance.now() > deadline)
          throw new Error(`the organization has not verified the device ${which.label}`);
        await pause(LOOK_EVERY);
      }
    }
  }

  /** Sends a message to a person. Returns its state on the sender's device. */
  async message(from: Which, to: string, text: string): Promise<z.infer<typeof demoMessage>> {
    const { child, which } = this.#at(from);
    const written = await child.call('write', { ...which, to, text });
    if (!written)
      return { outcome: 'refused', order: null, detail: 'The sender or the recipient is no longer enrolled.' };
    if (written.refused !== null) return { outcome: 'refused', order: written.order, detail: written.detail };
    const deadline = performance.now() + DELIVERED_WITHIN;
    for (;;) {
      const said = await child.call('said', { ...which, text });
      if (said?.state === 'delivered' || said?.state === 'read') {
        return { outcome: 'delivered', order: null, detail: `Delivered to ${to}. The server could not read it.` };
      }
      const order = said?.order ?? null;
      if (said?.state === 'refused')
        return { outcome: 'refused', order, detail: `Order ${order} refused the message.` };
      if (performance.now() > deadline) {
        return {
          outcome: 'refused',
          order,
          detail: `Not delivered yet. State: ${said?.state}. Delivery continues automatically.`,
        };
      }
      await pause(DELIVERY_LOOK);
    }
  }

  async kill(): Promise<void> {
    await this.#all(({ child }) => child.kill());
  }
}

/** An offline device reported its location before it disconnected. Without that report, its location would be unknown. */
async function allSaid(child: Child<FleetHandlers>, label: string): Promise<void> {
  const deadline = performance.now() + SAID_WITHIN;
  while ((await child.call('states', { label })).some(({ unsent }) => unsent > 0)) {
    if (performance.now() > deadline) throw new Error(`${label} did not report its location in time`);
    await pause(LOOK_EVERY);
  }
}

function addressesOf(addresses: Addresses): (spot: Spot) => string {
  const used = new Map<string, number>();
  return ({ evidence: { ip = '' } }) => {
    const count = used.get(ip) ?? 0;
    used.set(ip, count + 1);
    if (ip === '') return nowhere(count);
    return addresses.in(ip, ADDRESSES_PER_COUNTRY)[count % ADDRESSES_PER_COUNTRY] ?? nowhere(count);
  };
}
