/**
 * All devices of one label in one process, over one agent store, so that `crash` kills them together and nothing else. It does to its devices what it is
 * told and reports what their own gates say; it decides nothing.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { enrol } from '../../agent/enrolment/enrol.ts';
import { type AgentStore, openAgentStore } from '../../agent/store/agent-store.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { serve } from './rpc.ts';
import { credentialsOf, dialFrom, type Simulated, simulate, type World } from './simulated-device.ts';
import type { Evidence } from './timeline.ts';

export interface FleetStart {
  readonly label: string;
  readonly folder: string;
  readonly count: number;
  readonly now: Instant;
  readonly boot: World['boot'];
  readonly offset: number;
  readonly online: boolean;
  readonly evidence: Evidence;
  readonly addresses: readonly string[];
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

let given: FleetStart;
let world: World;
let store: AgentStore;
let devices: Simulated[] = [];

async function everyone(work: (device: Simulated) => Promise<void>): Promise<void> {
  await Promise.all(devices.map(work));
}

async function startAgents(): Promise<void> {
  devices = [];
  for (let index = 0; index < given.count; index++) {
    const { label, folder } = given;
    devices.push(await simulate({ world, label, index, folder, store }));
  }
  await everyone(async ({ agent }) => {
    if (!world.online) agent.network(false);
    await agent.start();
  });
}

/** What a machine does of itself when time has passed or its surroundings have changed. */
async function wake(): Promise<void> {
  await everyone(async ({ agent }) => {
    await agent.sample();
    await agent.tick();
  });
}

/** Pulls the cable, and waits until the agents have noticed. */
async function disconnect(): Promise<void> {
  for (const { agent } of devices) agent.network(false);
  while (devices.some(({ agent }) => agent.status().connection === 'connected')) await pause(5);
}

const handlers = {
  open(start: FleetStart) {
    given = start;
    const { now, boot, offset, online, evidence, addresses } = start;
    world = { clock: new DrivenClock(now), boot, offset, online, evidence, addresses };
    mkdirSync(start.folder, { recursive: true });
    store = openAgentStore({ file: join(start.folder, 'agents.db'), synchronous: 'normal' });
    return null;
  },

  /** A fleet that begins offline has had a network while it enrolled. */
  async enrol({ links }: { links: readonly string[] }) {
    const { online } = world;
    world.online = true;
    const waiting = [...links.entries()];
    const worker = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const [index, link] = next;
        await enrol(link, { keeper: credentialsOf(given.folder, index), store, dial: dialFrom(world, index) });
      }
    };
    await Promise.all(Array.from({ length: ENROL_AT_ONCE }, worker));
    world.online = online;
    return null;
  },

  async launch() {
    await startAgents();
    await wake();
    return null;
  },

  /** Overdue timers fire; nothing is sensed yet, since what a device reports must not be ahead of the server's time. */
  jump({ to }: { to: Instant }) {
    world.clock.jump(to);
    return null;
  },

  async wake() {
    await wake();
    return null;
  },

  /** What is periodic, once more: for devices that wait to dial again or to knock. */
  async tick() {
    await everyone(({ agent }) => agent.tick());
    return null;
  },

  async move({ evidence, addresses }: { evidence: Evidence; addresses: readonly string[] }) {
    const roamed = addresses.some((address, index) => address !== world.addresses[index]);
    world.evidence = evidence;
    world.addresses = addresses;
    if (roamed && world.online) {
      // Another address is another connection.
      await disconnect();
      for (const { agent } of devices) agent.network(true);
    }
    await wake();
    return null;
  },

  async network({ online }: { online: boolean }) {
    world.online = online;
    if (online) for (const { agent } of devices) agent.network(true);
    else await disconnect();
    await wake();
    return null;
  },

  clock({ offset }: { offset: number }) {
    world.offset = offset;
    return null;
  },

  /** The machines go down in order and come up again: another boot, whose monotonic clock begins anew. */
  async reboot({ boot }: { boot: World['boot'] }) {
    await everyone(({ agent }) => agent.stop());
    world.boot = boot;
    await startAgents();
    await wake();
    return null;
  },

  states(): DeviceState[] {
    return devices.map(({ agent, index }) => {
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

serve(handlers);
