/**
 * The real server, its admins and real agents on one simulated clock, in one process. A test can stop the server, use its keys, edit its
 * store, respond in its place, and start it again.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { z } from 'zod';
import type { Agent } from '../../agent/agent.ts';
import { createAgent } from '../../agent/device-agent.ts';
import { credentialFolder } from '../../agent/enrollment/credential-folder.ts';
import { enroll } from '../../agent/enrollment/enroll.ts';
import { noSensors } from '../../agent/evidence/sensors.ts';
import { dialDirect } from '../../agent/link/dial.ts';
import { openAgentStore } from '../../agent/store/agent-store.ts';
import { openWorkspace } from '../../agent/workspace/workspace.ts';
import { type Authority, openAuthority } from '../../certs/authority.ts';
import { type RunningServer, startServer } from '../../server/main.ts';
import { type Database, openDatabase } from '../../server/store/database.ts';
import { alertList } from '../../shared/api/devices.ts';
import { type Envelope, envelopeSchema } from '../../shared/order/documents.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { PASSPHRASE, prepareKeyFolder } from './custody.ts';
import { freePort } from './free-port.ts';
import { loopbackConfig } from './loopback-config.ts';
import { type Operator, setUp } from './operator.ts';
import { publicJson } from './public-json.ts';

export interface Captured {
  readonly clock: DrivenClock;
  readonly operator: Operator;
  readonly ports: { readonly device: number; readonly public: number };
  agent(name: string): Agent;
  /** Enrolls a device that then connects and stores the server's documents. */
  enroll(name: string, home: string): Promise<Agent>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The server's keys, opened with its passphrase. */
  keys(): Authority;
  /** Edits the server's store. */
  edit<T>(work: (database: Database) => Promise<T>): Promise<T>;
  /** Copies the stopped server's store. `putBack` restores a copy. */
  copyStore(): string;
  putBack(copy: string): void;
  /** Current documents of the public listener. */
  list(): Promise<Envelope>;
  approverSets(): Promise<Envelope[]>;
  alerts(device: DeviceId): Promise<{ code: string; detail: string }[]>;
  remove(): Promise<void>;
}

const NAMES = ['127.0.0.1', 'localhost'];

export async function openCaptured(start: number): Promise<Captured> {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-captured-'));
  const clock = new DrivenClock(start);
  const log = pino({ level: 'silent' });
  const ports = { device: await freePort(), public: await freePort(), admin: await freePort() };
  const config = loopbackConfig(folder, ports, {
    passphrase: PASSPHRASE,
    organization: 'Captured',
    appeal: 'the legal desk',
    log: 'silent',
    proxyFrom: [],
  });
  const { home } = config;
  prepareKeyFolder(join(home, 'keys'));
  let running: RunningServer | null = await startServer(config, { clock, log });
  const operator = await setUp(`http://127.0.0.1:${ports.admin}`, running.firstOwnerLink ?? '');
  const groups = new Map<string, string>();
  const store = openAgentStore({ file: join(folder, 'agents.db'), synchronous: 'normal' });
  const agents = new Map<string, Agent>();

  async function groupOf(area: string): Promise<string> {
    const known = groups.get(area) ?? (await operator.group(`at home in ${area}`, area));
    groups.set(area, known);
    return known;
  }

  const publicUrl = `https://127.0.0.1:${ports.public}`;

  const captured: Captured = {
    clock,
    operator,
    ports,
    agent: (name) => {
      const agent = agents.get(name);
      if (!agent) throw new Error(`no device is called ${name}`);
      return agent;
    },
    async enroll(name, area) {
      const { link } = await operator.code({ user: name, group: await groupOf(area) });
      const credentials = credentialFolder(join(folder, name));
      await enroll(link, { keeper: credentials, store, dial: dialDirect });
      mkdirSync(join(folder, name, 'workspace'));
      const agent = createAgent({
        store,
        credentials,
        time: {
          wall: () => clock.now(),
          monotonic: () => clock.now() - start,
          boot: 'the only one',
          after: (ms, task) => clock.at(clock.now() + ms, task),
        },
        sensors: noSensors,
        dial: dialDirect,
        workspace: await openWorkspace(join(folder, name, 'workspace')),
        inventory: async () => Promise.reject(new Error('none in this test')),
        onRestart: () => undefined,
        onUnenrolled: () => undefined,
        log: { debug: () => undefined, info: () => undefined, warn: () => undefined },
      });
      agents.set(name, agent);
      await agent.start();
      return agent;
    },
    start: async () => {
      running = await startServer(config, { clock, log });
    },
    stop: async () => {
      await running?.stop();
      running = null;
    },
    keys: () =>
      openAuthority({
        folder: join(home, 'keys'),
        passphrase: PASSPHRASE,
        organization: config.organization,
        serverNames: NAMES,
      }),
    edit: async (work) => {
      const database = await openDatabase({ file: join(home, 'cordon.db') });
      try {
        return await work(database);
      } finally {
        await database.close();
      }
    },
    copyStore: () => {
      const copy = join(folder, 'copy.db');
      copyFileSync(join(home, 'cordon.db'), copy);
      return copy;
    },
    putBack: (copy) => {
      for (const extra of ['-wal', '-shm']) rmSync(join(home, `cordon.db${extra}`), { force: true });
      copyFileSync(copy, join(home, 'cordon.db'));
      // An operator with access to the keys also removes the proof that the store is an older one.
      for (const keys of [join(home, 'keys'), join(folder, 'person-keys')]) rmSync(join(keys, 'high-water.mark'));
    },
    list: async () => envelopeSchema.parse(await publicJson(publicUrl, '/orders/list')),
    approverSets: async () => z.array(envelopeSchema).parse(await publicJson(publicUrl, '/orders/approver-sets')),
    alerts: async (id) =>
      (await operator.as(operator.owner, 'GET', `/alerts?device=${id}&limit=200`, alertList)).alerts,
    async remove() {
      for (const agent of agents.values()) await agent.stop();
      await captured.stop();
      store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return captured;
}
