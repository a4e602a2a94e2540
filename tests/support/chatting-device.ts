/**
 * A real agent in this process, with a store, workspace and credentials of its own. A test can run several agents and inspect their disks.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Agent } from '../../agent/agent.ts';
import { machineTime } from '../../agent/daemon.ts';
import { createAgent } from '../../agent/device-agent.ts';
import { credentialFolder } from '../../agent/enrollment/credential-folder.ts';
import { enroll } from '../../agent/enrollment/enroll.ts';
import { noSensors } from '../../agent/evidence/sensors.ts';
import { dialDirect } from '../../agent/link/dial.ts';
import { createRecords, type Records } from '../../agent/messaging/conversation/records.ts';
import { createVault } from '../../agent/messaging/keys/vault.ts';
import { type AgentStore, openAgentStore } from '../../agent/store/agent-store.ts';
import { openWorkspace } from '../../agent/workspace/workspace.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';

export interface ChattingDevice {
  readonly name: string;
  readonly folder: string;
  readonly device: DeviceId;
  readonly agent: Agent;
  readonly store: AgentStore;
  /** The device's decrypted records. */
  records(): Promise<Records>;
  /** Starts another agent over the same store, after the first agent has stopped. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

export async function openChattingDevice(given: {
  readonly name: string;
  readonly folder: string;
  readonly link: string;
  readonly patience?: number;
  /** The device's wall clock. Default: the machine's clock. */
  readonly wall?: () => number;
}): Promise<ChattingDevice> {
  const { name, folder, link, patience } = given;
  const time = { ...machineTime(), ...(given.wall && { wall: given.wall }) };
  mkdirSync(join(folder, 'workspace'), { recursive: true });
  const store = openAgentStore({ file: join(folder, 'agent.db'), synchronous: 'normal' });
  const credentials = credentialFolder(join(folder, 'identity'));
  await enroll(link, { keeper: credentials, store, dial: dialDirect });
  const workspace = await openWorkspace(join(folder, 'workspace'));
  const make = () =>
    createAgent({
      store,
      credentials,
      workspace,
      dial: dialDirect,
      sensors: noSensors,
      time,
      keyPackages: 6,
      patience,
      inventory: async () => Promise.reject(new Error('none in this test')),
      onRestart: () => undefined,
      onUnenrolled: () => undefined,
      log: { debug: () => undefined, info: () => undefined, warn: () => undefined },
    });
  let agent = make();
  const { device } = agent.status();
  await agent.start();
  return {
    name,
    folder,
    device,
    store,
    get agent() {
      return agent;
    },
    async reopen() {
      agent = make();
      await agent.start();
    },
    async records() {
      const kept = store.device(device).messaging;
      const vault = createVault({ workspace, store: kept });
      await vault.open();
      return createRecords(kept, vault);
    },
    async close() {
      await agent.stop();
      store.close();
    },
  };
}
