/**
 * Simulated devices of one or more labels in one process, over one agent store, so that `crash` kills them together and nothing else. It does
 * to its devices what it is told and reports what their own gates say; it decides nothing.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Agent } from '../../agent/agent.ts';
import type { DatagramOutcome } from '../../agent/datagrams/datagrams.ts';
import { enrol } from '../../agent/enrolment/enrol.ts';
import { type AgentStore, openAgentStore } from '../../agent/store/agent-store.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { type Drive, type Driven, openClock } from './drive.ts';
import { serve } from './rpc.ts';
import {
  dialFrom,
  type Keeper,
  keptInFile,
  keptInMemory,
  type Machine,
  simulate,
  type World,
} from './simulated-device.ts';
import type { Evidence } from './timeline.ts';

/** All devices of one label: what is alike of them. */
export interface Place {
  readonly label: string;
  readonly count: number;
  readonly boot: World['boot'];
  readonly offset: number;
  readonly online: boolean;
  readonly evidence: Evidence;
  /** One a device. */
  readonly addresses: readonly string[];
  readonly machines?: readonly Machine[];
}

export interface FleetStart {
  readonly folder: string;
  readonly drive: Drive;
  /** Whether devices must outlive this process: what they were issued then lies in the folder. */
  readonly lasting: boolean;
  /** From where the proxy in front of the server connects. */
  readonly proxy: string;
  readonly places: readonly Place[];
}

/** One device among those of a label, counted from 0. */
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
  /** The device's own time. */
  readonly now: Instant;
  readonly gates: readonly {
    readonly service: string;
    readonly open: boolean;
    readonly reasons: readonly string[];
    readonly orders: readonly string[];
  }[];
}

/** Enrolling is mostly waiting for the server; more at once would only queue there. */
const ENROL_AT_ONCE = 8;
/** A server answers so many handshakes well within their time. */
const CONNECT_AT_ONCE = 32;
const CONNECT_WITHIN = 5_000;
/** Real time, as the agent's own daemon does it, and a person who looks at the screen. */
const ROUND_EVERY = 60_000;
const SAMPLE_EVERY_ROUNDS = 5;

interface Device {
  readonly world: World;
  readonly index: number;
  agent: Agent;
}

let folder: string;
let lasting: boolean;
let clock: Driven;
let store: AgentStore;
const keepers = new Map<string, Keeper>();
const worlds = new Map<string, World>();
let devices: Device[] = [];
let enrolled = 0;
let tried = 0;

/** One for a device, whoever asks: what is in memory alone is not read twice. */
function keeperOf(label: string, index: number): Keeper {
  const name = `${label}-${index}`;
  const keeper = keepers.get(name) ?? (lasting ? keptInFile(join(folder, `${name}.json`)) : keptInMemory());
  keepers.set(name, keeper);
  return keeper;
}

function worldOf(label: string): World {
  const world = worlds.get(label);
  if (!world) throw new Error(`no devices here are labelled ${label}`);
  return world;
}

const of = (world: World): Device[] => devices.filter((device) => device.world === world);

async function each<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const worker = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}

async function everyone(work: (agent: Agent) => Promise<void>, among: readonly Device[] = devices): Promise<void> {
  await Promise.all(among.map(({ agent }) => work(agent)));
}

async function agentOn(world: World, index: number): Promise<Agent> {
  return simulate({
    world,
    index,
    folder,
    store,
    credentials: keeperOf(world.label, index),
    onRestart: () => void restart(world, index),
    onUnenrolled: () => {
      devices = devices.filter((device) => device.world !== world || device.index !== index);
    },
  });
}

async function restart(world: World, index: number): Promise<void> {
  const device = devices.find((one) => one.world === world && one.index === index);
  await device?.agent.stop();
  if (!device) return;
  device.agent = await agentOn(world, index);
  await begin(device);
}

async function begin({ agent, world }: Device): Promise<void> {
  if (!world.online) agent.network(false);
  await agent.start();
}

/** Starts it. Resolves when it is connected, refused or given up; a device that has to try again is not waited for. */
async function up(device: Device): Promise<void> {
  const { agent, world } = device;
  const { promise, resolve } = Promise.withResolvers<void>();
  const stopLooking = agent.onChange(() => {
    if (['connected', 'refused', 'revoked'].includes(agent.status().connection)) resolve();
  });
  await begin(device);
  if (world.online) await Promise.race([promise, pause(CONNECT_WITHIN, undefined, { ref: false })]);
  stopLooking();
  tried += 1;
}

async function launch(among: readonly World[]): Promise<void> {
  devices = devices.filter(({ world }) => !among.includes(world));
  const all = among.flatMap((world) => world.addresses.map((_, index) => ({ world, index })));
  await each(all, CONNECT_AT_ONCE, async ({ world, index }) => {
    const device = { world, index, agent: await agentOn(world, index) };
    devices.push(device);
    await up(device);
  });
  // As they are numbered, and not as they came up.
  const places = [...worlds.values()];
  devices.sort((a, b) => places.indexOf(a.world) - places.indexOf(b.world) || a.index - b.index);
}

/** What a machine does of itself when time has passed or its surroundings have changed. */
async function wake(among: readonly Device[] = devices): Promise<void> {
  await everyone(async (agent) => {
    await agent.sample();
    await agent.tick();
  }, among);
}

/** Pulls the cable, and waits until the agents have noticed. */
async function disconnect(world: World): Promise<void> {
  const cut = of(world);
  for (const { agent } of cut) agent.network(false);
  while (cut.some(({ agent }) => agent.status().connection === 'connected')) await pause(5);
}

const isAtRest = (agent: Agent, list: number): boolean => {
  const status = agent.status();
  return (
    status.list === list &&
    (status.connection === 'refused' || (status.connection === 'connected' && status.unsent === 0))
  );
};

const handlers = {
  open({ drive, places, proxy, ...start }: FleetStart) {
    ({ folder, lasting } = start);
    clock = openClock(drive);
    mkdirSync(folder, { recursive: true });
    store = openAgentStore({ file: join(folder, 'agents.db'), synchronous: 'normal' });
    for (const { count, machines = [], ...place } of places) {
      worlds.set(place.label, { ...place, addresses: place.addresses.slice(0, count), machines, clock, proxy });
    }
    return null;
  },

  /** A fleet that begins offline has had a network while it enrolled. */
  async enrol({ links }: { links: readonly (Which & { readonly link: string })[] }) {
    await each(links, ENROL_AT_ONCE, async ({ label, index, link }) => {
      const dial = dialFrom({ ...worldOf(label), online: true }, index);
      await enrol(link, { keeper: keeperOf(label, index), store, dial });
      enrolled += 1;
    });
    return null;
  },

  async launch() {
    await launch([...worlds.values()]);
    await wake();
    return null;
  },

  /** Overdue timers fire; nothing is sensed yet, since what a device reports must not be ahead of the server's time. */
  jump({ to }: { to: Drive }) {
    clock.drive(to);
    return null;
  },

  async wake() {
    await wake();
    return null;
  },

  /** What is periodic, once more: for devices that wait to dial again or to knock. */
  async tick() {
    await everyone((agent) => agent.tick());
    return null;
  },

  /** From now on as on real machines: agents do their rounds, and people look at what their agents show them. */
  live() {
    let round = 0;
    setInterval(() => {
      round += 1;
      // Spread over the time until the next round.
      for (const [index, device] of devices.entries()) {
        setTimeout(() => look(device, round % SAMPLE_EVERY_ROUNDS === 0), (ROUND_EVERY * index) / devices.length);
      }
    }, ROUND_EVERY);
    return null;
  },

  async move({ label, evidence, addresses }: { label: string; evidence: Evidence; addresses: readonly string[] }) {
    const world = worldOf(label);
    const roamed = addresses.some((address, index) => address !== world.addresses[index]);
    world.evidence = evidence;
    world.addresses = addresses;
    if (roamed && world.online) {
      // Another address is another connection.
      await disconnect(world);
      for (const { agent } of of(world)) agent.network(true);
    }
    await wake(of(world));
    return null;
  },

  async network({ label, online }: { label: string; online: boolean }) {
    const world = worldOf(label);
    world.online = online;
    if (online) for (const { agent } of of(world)) agent.network(true);
    else await disconnect(world);
    await wake(of(world));
    return null;
  },

  clock({ label, offset }: { label: string; offset: number }) {
    worldOf(label).offset = offset;
    return null;
  },

  /** The machines go down in order and come up again: another boot, whose monotonic clock begins anew. */
  async reboot({ label, boot }: { label: string; boot: World['boot'] }) {
    const world = worldOf(label);
    await everyone((agent) => agent.stop(), of(world));
    world.boot = boot;
    await launch([world]);
    await wake(of(world));
    return null;
  },

  async send({ label, index, to, body }: Which & { to: DeviceId; body: string }): Promise<DatagramOutcome> {
    const device = of(worldOf(label)).find((one) => one.index === index);
    if (!device) throw new Error(`${label}-${index} is no device any more`);
    return device.agent.sendDatagram({ to, service: 'messaging', body });
  },

  /** How many have enrolled, and how many have connected or tried to. */
  progress: () => ({ enrolled, tried }),

  /** How many devices that are online do not hold this list yet, or have something to say. */
  restless({ list }: { list: number }): number {
    return devices.filter(({ agent, world }) => world.online && !isAtRest(agent, list)).length;
  },

  states({ label }: { label: string }): DeviceState[] {
    return of(worldOf(label)).map(({ agent, index }) => {
      const status = agent.status();
      return {
        index,
        device: status.device,
        connection: status.connection,
        detail: status.connectionDetail,
        list: status.list,
        record: status.record,
        unsent: status.unsent,
        now: status.now,
        gates: status.gates.map(({ service, open, reasons, denials }) => ({
          service,
          open,
          reasons,
          orders: denials.map(({ order }) => order),
        })),
      };
    });
  },
};
export type FleetHandlers = typeof handlers;

function look(device: Device, sample: boolean): void {
  // It may have left since the round began.
  if (!devices.includes(device)) return;
  const { agent } = device;
  if (agent.notices().length > 0) agent.shown();
  const round = sample ? agent.maintain().then(() => agent.sample()) : agent.maintain();
  round.catch((error: unknown) => console.error(`${device.world.label}-${device.index}:`, error));
}

serve(handlers);
