/**
 * Simulated machine with the real agent: clocks that the driver controls and that may be wrong, sensors with given values, a network that
 * can be cut, and a proxy in front of the server that reports a given address.
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Agent } from '../../agent/agent.ts';
import { createAgent } from '../../agent/device-agent.ts';
import type { DeviceTime } from '../../agent/enforcement/device-clock.ts';
import { type CredentialPort, credentialsOver, type EnrollmentKeeper } from '../../agent/enrollment/credentials.ts';
import type { Sensors } from '../../agent/evidence/sensors.ts';
import type { DialPort } from '../../agent/link/dial.ts';
import type { AgentStore } from '../../agent/store/agent-store.ts';
import { openWorkspace, type Workspace } from '../../agent/workspace/workspace.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import { proxyV1, proxyV2 } from './proxy-header.ts';
import { answersOf, pretendedRun } from './simulated-answers.ts';
import { checksOf, inventoryOf, type Machine } from './simulated-machine.ts';
import type { Evidence } from './timeline.ts';

/** Settings for all devices of one label. Each device reads them when it needs them. */
export interface World {
  readonly label: string;
  readonly clock: Clock;
  /** Start of the machines by the driven clock, and an identifier of that boot. */
  boot: { readonly id: string; readonly since: Instant };
  /** Error of their wall clocks, in milliseconds. */
  offset: number;
  online: boolean;
  evidence: Evidence;
  /** One address per device, as the proxy reports it. */
  addresses: readonly string[];
  /** One name per device; without one, the device has the name of its label. */
  readonly machines: readonly Machine[];
  /** Address that the proxy itself connects from. */
  readonly proxy: string;
}

export type Keeper = EnrollmentKeeper & CredentialPort;

/**
 * Key and certificate of the device in one file, without the fsync of the daemon's folder: tests kill processes but no machines, so written
 * data survives.
 */
export function keptInFile(file: string): Keeper {
  return credentialsOver({
    stored: existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null,
    save(state) {
      writeFileSync(`${file}.tmp`, JSON.stringify(state), { mode: 0o600 });
      renameSync(`${file}.tmp`, file);
    },
    forget: () => rmSync(file, { force: true }),
  });
}

/** For devices that end with their process. */
export const keptInMemory = (): Keeper =>
  credentialsOver({ stored: null, save: () => undefined, forget: () => undefined });

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
    // Real proxies use both versions of the header, so each half of a fleet uses one.
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

const machineOf = ({ machines, label }: World, index: number): Machine =>
  machines[index] ?? { hostname: `${label}-${index}`, distro: null, release: null };

/** Opened at first use: its creation costs two disk syncs, and most of thousands of devices need none. */
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
    remove: async (name) => (await open()).remove(name),
    list: async () => (await open()).list(),
    lock: async (share) => (await open()).lock(share),
    unlock: async (shares, options) => (await open()).unlock(shares, options),
    wipe: async () => (await open()).wipe(),
    repair: async () => known?.repair(),
    passcode: {
      isSet: () => known?.passcode.isSet() ?? false,
      minimumLength: async () => known?.passcode.minimumLength() ?? null,
      remaining: async (limits) => (await open()).passcode.remaining(limits),
      enter: async (...given) => (await open()).passcode.enter(...given),
      set: async (...given) => (await open()).passcode.set(...given),
      change: async (...given) => (await open()).passcode.change(...given),
      remove: async (...given) => (await open()).passcode.remove(...given),
      forget: async () => known?.passcode.forget() ?? false,
    },
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
  const machine = machineOf(world, index);
  const { details } = machine;
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
    inventory: inventoryOf(machine),
    machineChecks: details && (async () => () => checksOf(details)),
    readLiveQuery: details && answersOf(details, () => world.clock.now()),
    scripts: details && { setting: 'on', isolation: async () => pretendedRun(details), announce: () => undefined },
    onRestart,
    onUnenrolled,
    log: { debug: () => undefined, info: () => undefined, warn: complain },
  });
}
