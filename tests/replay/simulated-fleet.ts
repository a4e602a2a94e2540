/**
 * Simulated devices of one or more labels over one agent store. It changes its devices as instructed and reports their own gates. It
 * decides nothing.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Agent } from '../../agent/agent.ts';
import { enroll } from '../../agent/enrollment/enroll.ts';
import type { MessageView, Messaging, MessagingState } from '../../agent/messaging/messaging.ts';
import { type AgentStore, openAgentStore } from '../../agent/store/agent-store.ts';
import type { WorkspaceState } from '../../agent/workspace/workspace.ts';
import { CordonError, type ErrorCode, isCordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { type Drive, type Driven, openClock } from './drive.ts';
import { dialFrom, type Keeper, keptInFile, keptInMemory, simulate, type World } from './simulated-device.ts';
import type { Machine } from './simulated-machine.ts';
import type { Evidence } from './timeline.ts';

/** Common settings of one label's devices. */
export interface Place {
  readonly label: string;
  readonly count: number;
  readonly boot: World['boot'];
  readonly offset: number;
  readonly online: boolean;
  readonly evidence: Evidence;
  /** One per device. */
  readonly addresses: readonly string[];
  readonly machines?: readonly Machine[];
}

export interface FleetStart {
  readonly folder: string;
  readonly drive: Drive;
  /** True if devices must outlive this process: their credentials are then in the folder. */
  readonly lasting: boolean;
  /** Address of the proxy in front of the server. */
  readonly proxy: string;
  readonly places: readonly Place[];
}

/** A stored message, or its refusal in the words for the user of the device. */
export type Written =
  | { readonly refused: null }
  | { readonly refused: ErrorCode; readonly order: string | null; readonly detail: string };

/** A message from another device. */
export interface Received {
  /** The sender's name. */
  readonly from: string;
  readonly text: string;
}

/** A device of the label, counted from 0. */
export interface Which {
  readonly label: string;
  readonly index: number;
}

export interface DeviceState {
  readonly index: number;
  readonly device: DeviceId;
  readonly connection: string;
  readonly detail: string | null;
  readonly list: number;
  readonly record: number;
  readonly unsent: number;
  readonly workspace: WorkspaceState;
  /** The device's own time. */
  readonly now: Instant;
  readonly gates: readonly {
    readonly service: string;
    readonly open: boolean;
    readonly reasons: readonly string[];
    readonly orders: readonly string[];
  }[];
}

/** Enrollment mostly waits for the server, so more at the same time would only queue there. */
const ENROLL_AT_ONCE = 8;
/** More mails than a timeline sends to one device. */
const MOST_MAILS = 200;
/** A server completes so many handshakes well within their deadline. */
const CONNECT_AT_ONCE = 32;
const CONNECT_WITHIN = 5_000;
/** Real-time work as in the agent's own daemon, and a user who looks at the screen. */
const ROUND_EVERY = 60_000;
const SAMPLE_EVERY_ROUNDS = 5;
/** A jump of the clock wakes all devices of one machine at the same time. */
const LIST_WITHIN = 60_000;

interface Device {
  readonly world: World;
  readonly index: number;
  agent: Agent;
}

export class SimulatedFleet {
  readonly #folder: string;
  readonly #lasting: boolean;
  readonly #clock: Driven;
  readonly #store: AgentStore;
  readonly #worlds: ReadonlyMap<string, World>;
  readonly #keepers = new Map<string, Keeper>();
  #devices: Device[] = [];
  #enrolled = 0;
  #tried = 0;

  constructor({ folder, drive, lasting, proxy, places }: FleetStart) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.#lasting = lasting;
    const clock = openClock(drive);
    this.#clock = clock;
    this.#store = openAgentStore({ file: join(folder, 'agents.db'), synchronous: 'normal' });
    this.#worlds = new Map(
      places.map(({ count, machines = [], ...place }) => {
        const addresses = place.addresses.slice(0, count);
        return [place.label, { ...place, addresses, machines, clock, proxy }];
      }),
    );
  }

  /** Numbers of devices that have enrolled, and that have connected or tried. */
  get progress(): { readonly enrolled: number; readonly tried: number } {
    return { enrolled: this.#enrolled, tried: this.#tried };
  }

  #world(label: string): World {
    const world = this.#worlds.get(label);
    if (!world) throw new Error(`no devices here are labeled ${label}`);
    return world;
  }

  #of(world: World): Device[] {
    return this.#devices.filter((device) => device.world === world);
  }

  /** One per device for all callers, so that data in memory is not read twice. */
  #keeper(label: string, index: number): Keeper {
    const name = `${label}-${index}`;
    const made = () => (this.#lasting ? keptInFile(join(this.#folder, `${name}.json`)) : keptInMemory());
    const keeper = this.#keepers.get(name) ?? made();
    this.#keepers.set(name, keeper);
    return keeper;
  }

  #agent(world: World, index: number): Promise<Agent> {
    return simulate({
      world,
      index,
      folder: this.#folder,
      store: this.#store,
      credentials: this.#keeper(world.label, index),
      // A demo has thousands of devices. The devices of a replay wait for a list as any agent does.
      listWithin: this.#lasting ? undefined : LIST_WITHIN,
      keyPackages: this.#lasting ? 10 : 2,
      onRestart: () => void this.#restart(world, index),
      onUnenrolled: () => {
        this.#devices = this.#devices.filter((device) => device.world !== world || device.index !== index);
      },
    });
  }

  async #restart(world: World, index: number): Promise<void> {
    const device = this.#devices.find((one) => one.world === world && one.index === index);
    if (!device) return;
    await device.agent.stop();
    device.agent = await this.#agent(world, index);
    await begin(device);
  }

  /** A fleet that begins offline had a network while it enrolled. */
  async enroll(links: readonly (Which & { readonly link: string })[]): Promise<void> {
    await each(links, ENROLL_AT_ONCE, async ({ label, index, link }) => {
      const dial = dialFrom({ ...this.#world(label), online: true }, index);
      await enroll(link, { keeper: this.#keeper(label, index), store: this.#store, dial });
      this.#enrolled += 1;
    });
  }

  /** Stops the agents and closes their store. */
  async end(): Promise<void> {
    await Promise.all(this.#devices.splice(0).map(({ agent }) => agent.stop()));
    this.#store.close();
  }

  async launch(): Promise<void> {
    await this.#launch([...this.#worlds.values()]);
    await this.wake();
  }

  async #launch(among: readonly World[]): Promise<void> {
    this.#devices = this.#devices.filter(({ world }) => !among.includes(world));
    const all = among.flatMap((world) => world.addresses.map((_, index) => ({ world, index })));
    await each(all, CONNECT_AT_ONCE, async ({ world, index }) => {
      const device = { world, index, agent: await this.#agent(world, index) };
      this.#devices.push(device);
      await up(device);
      this.#tried += 1;
    });
    // In the order of their numbers, not of their start.
    const order = [...this.#worlds.values()];
    this.#devices.sort((a, b) => order.indexOf(a.world) - order.indexOf(b.world) || a.index - b.index);
  }

  /** Overdue timers fire. Devices read no sensor yet, because a report must not be ahead of the server's time. */
  jump(to: Drive): void {
    this.#clock.drive(to);
  }

  wake(): Promise<void> {
    return wake(this.#devices);
  }

  /** Runs the periodic work once more, for devices that wait for another attempt. */
  async tick(): Promise<void> {
    await Promise.all(this.#devices.map(({ agent }) => agent.tick()));
  }

  /** Starts periodic work as on real machines: agents work by themselves, and users look at their notices. */
  live(): void {
    let round = 0;
    setInterval(() => {
      round += 1;
      const devices = this.#devices;
      // Spread over the time until the next round.
      for (const [index, device] of devices.entries()) {
        setTimeout(() => this.#look(device, round % SAMPLE_EVERY_ROUNDS === 0), (ROUND_EVERY * index) / devices.length);
      }
    }, ROUND_EVERY);
  }

  /** Users look now, without waiting for the next round. */
  look(): void {
    for (const { agent } of this.#devices) lookAt(agent);
  }

  #look(device: Device, sample: boolean): void {
    // The device may have left since the round began.
    if (!this.#devices.includes(device)) return;
    const { agent } = device;
    lookAt(agent);
    const round = sample ? agent.maintain().then(() => agent.sample()) : agent.maintain();
    round.catch((error: unknown) => console.error(`${device.world.label}-${device.index}:`, error));
  }

  async move(label: string, evidence: Evidence, addresses: readonly string[]): Promise<void> {
    const world = this.#world(label);
    const roamed = addresses.some((address, index) => address !== world.addresses[index]);
    world.evidence = evidence;
    world.addresses = addresses;
    if (roamed && world.online) {
      // Another address requires another connection.
      await disconnect(this.#of(world));
      for (const { agent } of this.#of(world)) agent.link.network(true);
    }
    await wake(this.#of(world));
  }

  async network(label: string, online: boolean): Promise<void> {
    const world = this.#world(label);
    world.online = online;
    if (online) for (const { agent } of this.#of(world)) agent.link.network(true);
    else await disconnect(this.#of(world));
    await wake(this.#of(world));
  }

  setClock(label: string, offset: number): void {
    this.#world(label).offset = offset;
  }

  /** The machines go down in order and start again: another boot, with a new monotonic clock. */
  async reboot(label: string, boot: World['boot']): Promise<void> {
    const world = this.#world(label);
    await Promise.all(this.#of(world).map(({ agent }) => agent.stop()));
    world.boot = boot;
    await this.#launch([world]);
    await wake(this.#of(world));
  }

  #device({ label, index }: Which): Device | null {
    return this.#of(this.#world(label)).find((one) => one.index === index) ?? null;
  }

  /** Null: the device is no longer enrolled. */
  messaging(which: Which): MessagingState | null {
    return this.#device(which)?.agent.messaging.state() ?? null;
  }

  /** A message to the person with this name. Null: the device is no longer enrolled. */
  async write(from: Which, name: string, text: string): Promise<Written | null> {
    const messaging = this.#device(from)?.agent.messaging;
    if (!messaging) return null;
    return written(async () => {
      const known = messaging.conversations().find(({ people }) => people.some((person) => person.name === name));
      const people = known ? [] : [await personOf(messaging, name)];
      const conversation = known?.id ?? (await messaging.start({ people, title: null }));
      await messaging.send(conversation, { text, attachments: [] });
    });
  }

  /** A mail with this text as its subject. Null: the device is no longer enrolled. */
  async mail(where: Which, { from, to, text }: { from: string; to: string; text: string }): Promise<Written | null> {
    const mail = this.#device(where)?.agent.mail;
    if (!mail) return null;
    const message = `From: ${from}\r\nTo: ${to}\r\nSubject: ${text}\r\n\r\n${text}\r\n`;
    return written(() => mail.submit(Buffer.from(message), { from, to: [to] }));
  }

  /** Subjects of the mails in the inbox. */
  mails(where: Which): readonly string[] {
    const page = { before: null, limit: MOST_MAILS };
    return (
      this.#device(where)
        ?.agent.mail.list('inbox', page)
        .map(({ subject }) => subject) ?? []
    );
  }

  mailState(where: Which): string | null {
    return this.#device(where)?.agent.mail.state().state ?? null;
  }

  /** The message with this text, from one device's view. Two copies count as none, because the message has arrived twice. */
  said(where: Which, text: string): MessageView | null {
    const found =
      this.#device(where)
        ?.agent.messaging.search(text)
        .filter((message) => message.text === text) ?? [];
    if (found.length > 1) throw new Error(`"${text}" is there ${found.length} times`);
    return found[0] ?? null;
  }

  /**
   * Messages that the device received from others, in their order of arrival. They come from the user's own export, which no order blocks.
   */
  async received(where: Which): Promise<Received[]> {
    const lines = await Array.fromAsync(this.#device(where)?.agent.messaging.export() ?? []);
    const all: (MessageView & { readonly type: string })[] = lines.map((line) => JSON.parse(line));
    return all.flatMap(({ type, from, mine, text }) =>
      type === 'message' && from && !mine ? [{ from: from.name, text }] : [],
    );
  }

  /** Number of online devices without this list or with unsent frames. */
  restless(list: number): number {
    return this.#devices.filter(({ agent, world }) => world.online && !isAtRest(agent, list)).length;
  }

  states(label: string): DeviceState[] {
    return this.#of(this.#world(label)).map(({ agent, index }) => {
      const {
        device,
        connection,
        connectionDetail: detail,
        list,
        record,
        unsent,
        workspace,
        now,
        gates,
      } = agent.status();
      return {
        index,
        device,
        connection,
        detail,
        list,
        record,
        unsent,
        workspace,
        now,
        gates: gates.map(({ service, open, reasons, denials }) => ({
          service,
          open,
          reasons,
          orders: denials.map(({ order }) => order),
        })),
      };
    });
  }
}

async function written(write: () => Promise<unknown>): Promise<Written> {
  try {
    await write();
    return { refused: null };
  } catch (error) {
    if (!isCordonError(error)) throw error;
    const { order, orders } = error.context;
    const [named = null] = Array.isArray(orders) ? orders : [order];
    return { refused: error.code, order: typeof named === 'string' ? named : null, detail: error.message };
  }
}

function lookAt(agent: Agent): void {
  if (agent.notices.list().length > 0) agent.notices.markDisplayed();
}

async function personOf(messaging: Messaging, name: string): Promise<string> {
  const found = (await messaging.people(name)).find((person) => person.name === name);
  if (!found) throw new CordonError('person_unknown', `Nobody who can be written to is called ${name}.`);
  return found.person;
}

async function each<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const worker = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}

async function begin({ agent, world }: Device): Promise<void> {
  if (!world.online) agent.link.network(false);
  await agent.start();
}

/** Starts the device. Resolves when it is connected, refused or has given up. A device that has to try again is not awaited. */
async function up(device: Device): Promise<void> {
  const { agent, world } = device;
  const { promise, resolve } = Promise.withResolvers<void>();
  const stopLooking = agent.onChange(() => {
    if (['connected', 'refused', 'revoked'].includes(agent.status().connection)) resolve();
  });
  await begin(device);
  if (world.online) await Promise.race([promise, pause(CONNECT_WITHIN, undefined, { ref: false })]);
  stopLooking();
}

/** Work of the machine after time has passed or its surroundings have changed. */
async function wake(devices: readonly Device[]): Promise<void> {
  const rouse = async ({ agent }: Device) => {
    await agent.sample();
    await agent.tick();
  };
  await Promise.all(devices.map(rouse));
}

/** Cuts the network, and waits until the agents have noticed. */
async function disconnect(devices: readonly Device[]): Promise<void> {
  for (const { agent } of devices) agent.link.network(false);
  while (devices.some(({ agent }) => agent.status().connection === 'connected')) await pause(5);
}

/** True if no more work is expected: the device has the list and has sent everything, or no server responds to it any more. */
function isAtRest(agent: Agent, list: number): boolean {
  const status = agent.status();
  if (status.connection === 'revoked') return true;
  if (status.list !== list) return false;
  return status.connection === 'refused' || (status.connection === 'connected' && status.unsent === 0);
}
