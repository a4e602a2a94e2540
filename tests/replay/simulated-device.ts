/**
 * One simulated machine: clocks that are driven and may be wrong, sensors that say what they are told, a network cable that can be
 * pulled, and a proxy in front of the server that reports the address it is told. The agent on it is the real one.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Agent, createAgent } from '../../agent/agent.ts';
import type { DeviceTime } from '../../agent/enforcement/device-clock.ts';
import { type CredentialPort, credentialsOver, type EnrolmentKeeper } from '../../agent/enrolment/credentials.ts';
import type { Sensors } from '../../agent/evidence/sensors.ts';
import type { DialPort } from '../../agent/link/dial.ts';
import type { AgentStore } from '../../agent/store/agent-store.ts';
import { AGENT_VERSION } from '../../agent/version.ts';
import { openWorkspace, type Workspace } from '../../agent/workspace/workspace.ts';
import type { Inventory } from '../../shared/protocol/frames.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import { proxyV1, proxyV2 } from './proxy-header.ts';
import type { Evidence } from './timeline.ts';

/** What a machine says of itself: hardware that does not exist is unknown. */
export interface Machine {
  readonly hostname: string;
  /** The system that it is made out to run; its platform stays `simulated`. */
  readonly distro: string | null;
  readonly release: string | null;
}

/** What the driver decides about all devices of one label; each device reads it anew whenever it needs it. */
export interface World {
  readonly label: string;
  readonly clock: Clock;
  /** Since when the machines are up, by the driven clock, and a name for that boot. */
  boot: { readonly id: string; readonly since: Instant };
  /** How wrong their wall clocks are, in milliseconds. */
  offset: number;
  online: boolean;
  evidence: Evidence;
  /** One address a device, as the proxy reports them. */
  addresses: readonly string[];
  /** One a device; a device without one is named by its label. */
  readonly machines: readonly Machine[];
  /** The address that the proxy itself connects from. */
  readonly proxy: string;
}

export type Keeper = EnrolmentKeeper & CredentialPort;

/**
 * The device's key and certificate in one file, without the fsync of the daemon's folder: here processes are killed, machines keep their power,
 * and what was written survives that.
 */
export function keptInFile(file: string): Keeper {
  return credentialsOver({
    kept: existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null,
    save(state) {
      writeFileSync(`${file}.tmp`, JSON.stringify(state), { mode: 0o600 });
      renameSync(`${file}.tmp`, file);
    },
    forget: () => rmSync(file, { force: true }),
  });
}

/** For devices that are gone when their process is. */
export const keptInMemory = (): Keeper =>
  credentialsOver({ kept: null, save: () => undefined, forget: () => undefined });

/** `from`: an address of this machine. */
const connectFrom = (from: string, { host, port }: { host: string; port: number }): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, localAddress: from, noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.removeListener('error', reject);
      resolve(socket);
    });
  });

export function dialFrom(world: World, index: number): DialPort {
  return async (target) => {
    if (!world.online) throw new Error('the network is down');
    const socket = await connectFrom(world.proxy, target);
    const source = world.addresses[index] ?? '127.0.0.1';
    // Both versions of the header are in the field, so half of a fleet comes with each.
    const version2 = index % 2 === 0 && source.includes('.');
    socket.write(version2 ? proxyV2(source, target.port) : proxyV1(source, target.port));
    return socket;
  };
}

export function timeOf(world: World): DeviceTime {
  const boot = world.boot;
  return {
    wall: () => world.clock.now() + world.offset,
    monotonic: () => world.clock.now() - boot.since,
    boot: boot.id,
    after: (ms, task) => world.clock.at(world.clock.now() + ms, task),
  };
}

function sensorsOf(world: World): Sensors {
  return async () => {
    const { position, network } = world.evidence;
    const [latitude = 0, longitude = 0, accuracy = 0] = position ?? [];
    return { position: position ? { latitude, longitude, accuracy } : null, network: network ?? null };
  };
}

const unknown = { manufacturer: null, model: null, serial: null, uuid: null, cpu: null, cores: null, memory: null };

function inventoryOf(world: World, index: number): () => Promise<Inventory> {
  const { hostname, distro, release } = world.machines[index] ?? {
    hostname: `${world.label}-${index}`,
    distro: null,
    release: null,
  };
  return async () => ({
    at: world.clock.now(),
    agent: AGENT_VERSION,
    hostname,
    os: { platform: 'simulated', distro, release, kernel: null, arch: process.arch },
    hardware: unknown,
    disks: [],
    network: [],
  });
}

/** Opened when it is first used, since making one costs two writes that wait for the disk, and most devices of thousands use none. */
async function workspaceIn(folder: string): Promise<Workspace> {
  let opened: Promise<Workspace> | null = null;
  let known: Workspace | null = null;
  const open = async (): Promise<Workspace> => {
    opened ??= openWorkspace(folder);
    known = await opened;
    return known;
  };
  if (existsSync(folder)) await open();
  return {
    state: () => known?.state() ?? 'open',
    put: async (name, content) => (await open()).put(name, content),
    get: async (name) => (await open()).get(name),
    list: async () => (await open()).list(),
    lock: async (share) => (await open()).lock(share),
    unlock: async (shares) => (await open()).unlock(shares),
    wipe: async () => (await open()).wipe(),
  };
}

export async function simulate(given: {
  readonly world: World;
  readonly index: number;
  readonly folder: string;
  readonly store: AgentStore;
  readonly credentials: Keeper;
  readonly listWithin: number | undefined;
  readonly keyPackages: number;
  readonly onRestart: () => void;
  readonly onUnenrolled: () => void;
}): Promise<Agent> {
  const { world, index, folder, store, credentials, listWithin, keyPackages, onRestart, onUnenrolled } = given;
  const { label } = world;
  const complain = (message: string, fields?: Record<string, unknown>) => {
    process.stderr.write(`${label}-${index}: ${message} ${fields ? JSON.stringify(fields) : ''}\n`);
  };
  return createAgent({
    store,
    credentials,
    listWithin,
    keyPackages,
    time: timeOf(world),
    sensors: sensorsOf(world),
    dial: dialFrom(world, index),
    workspace: await workspaceIn(join(folder, `workspace-${label}-${index}`)),
    inventory: inventoryOf(world, index),
    onRestart,
    onUnenrolled,
    log: { debug: () => undefined, info: () => undefined, warn: complain },
  });
}
