/**
 * Dozens of real agents in one process over one store, for tests that kill the process. The process counts the effects of commands. The
 * process can also kill itself before a given call of the store.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Agent } from '../../agent/agent.ts';
import { createAgent } from '../../agent/device-agent.ts';
import { credentialFolder } from '../../agent/enrollment/credential-folder.ts';
import { enroll } from '../../agent/enrollment/enroll.ts';
import { noSensors } from '../../agent/evidence/sensors.ts';
import { dialDirect } from '../../agent/link/dial.ts';
import { type AgentStore, type DeviceStore, openAgentStore } from '../../agent/store/agent-store.ts';
import { openWorkspace, type Workspace } from '../../agent/workspace/workspace.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { serve } from '../replay/rpc.ts';
import { testState } from './inventory-state.ts';

/** Number of effects on one device since the start of this process. */
export interface Ran {
  readonly device: DeviceId;
  readonly locks: number;
  readonly inventories: number;
  /** Number of messages stored for the user so far. */
  readonly messages: readonly string[];
}

export interface AgentState {
  readonly device: DeviceId;
  readonly connection: string;
  readonly list: number;
  readonly unsent: number;
  /** Services with a closed gate. */
  readonly shut: readonly string[];
}

interface Running {
  readonly agent: Agent;
  readonly ran: { locks: number; inventories: number };
}

let store: AgentStore;
let running: Running[] = [];
/** Number of store calls until this process kills itself; null: never. */
let fuse: number | null = null;

/** Kills the process with SIGKILL before the last store call of the countdown, also in the middle of a transaction. */
function mortal(device: DeviceStore): DeviceStore {
  return new Proxy(device, {
    get(target, name) {
      const verb: unknown = Reflect.get(target, name, target);
      if (typeof verb !== 'function') return verb;
      return (...given: unknown[]) => {
        if (fuse !== null && --fuse <= 0) process.kill(process.pid, 'SIGKILL');
        return Reflect.apply(verb, target, given);
      };
    },
  });
}

function countingLocks(workspace: Workspace, ran: { locks: number }): Workspace {
  return {
    state: () => workspace.state(),
    put: (name, content) => workspace.put(name, content),
    get: (name) => workspace.get(name),
    remove: (name) => workspace.remove(name),
    list: () => workspace.list(),
    unlock: (shares, options) => workspace.unlock(shares, options),
    passcode: workspace.passcode,
    repair: () => workspace.repair(),
    wipe: () => workspace.wipe(),
    lock: async (share) => {
      ran.locks += 1;
      await workspace.lock(share);
    },
  };
}

async function startAgent(folder: string, index: number): Promise<Running> {
  const home = join(folder, `device-${index}`);
  const workspace = join(home, 'workspace');
  mkdirSync(workspace, { recursive: true });
  const ran = { locks: 0, inventories: 0 };
  const agent = createAgent({
    store: { device: (id) => mortal(store.device(id)), close: () => undefined },
    credentials: credentialFolder(home),
    time: {
      wall: () => Date.now(),
      // The machine keeps running when its agent ends.
      monotonic: () => Date.now(),
      boot: 'the only one',
      after: (ms, task) => {
        const timer = setTimeout(task, Math.min(ms, 2 ** 31 - 1));
        return () => clearTimeout(timer);
      },
    },
    sensors: noSensors,
    dial: dialDirect,
    workspace: countingLocks(await openWorkspace(workspace), ran),
    inventory: async () => {
      ran.inventories += 1;
      return testState(null);
    },
    onRestart: () => undefined,
    onUnenrolled: () => undefined,
    log: {
      debug: () => undefined,
      info: () => undefined,
      warn: (message, fields) => void process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
    },
  });
  await agent.start();
  return { agent, ran };
}

const handlers = {
  open({ folder }: { folder: string }) {
    store = openAgentStore({ file: join(folder, 'agents.db') });
    return null;
  },

  async enroll({ folder, links }: { folder: string; links: readonly string[] }) {
    await Promise.all(
      links.map((link, index) =>
        enroll(link, { keeper: credentialFolder(join(folder, `device-${index}`)), store, dial: dialDirect }),
      ),
    );
    return null;
  },

  async start({ folder, count }: { folder: string; count: number }) {
    running = await Promise.all(Array.from({ length: count }, (_, index) => startAgent(folder, index)));
    return null;
  },

  /** Connects the agents that wait before a retry. */
  async tick() {
    await Promise.all(running.map(({ agent }) => agent.tick()));
    return null;
  },

  dieAfter({ verbs }: { verbs: number }) {
    fuse = verbs;
    return null;
  },

  states: (): AgentState[] =>
    running.map(({ agent }) => {
      const { device, connection, list, unsent, gates } = agent.status();
      return {
        device,
        connection,
        list,
        unsent,
        shut: gates.filter(({ open }) => !open).map(({ service }) => service),
      };
    }),

  ran: (): Ran[] =>
    running.map(({ agent, ran }) => {
      const { device } = agent.status();
      return {
        device,
        ...ran,
        messages: store
          .device(device)
          .adminMessages(1000)
          .map(({ text }) => text),
      };
    }),
};
export type AgentsHandlers = typeof handlers;

serve(handlers);
