/**
 * The real server with its people and real agents on one driven clock, in one process, so that a test can take it over: stop it, open its
 * keys with its passphrase, edit its store, answer in its place, and start it again.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { z } from 'zod';
import { type Agent, createAgent } from '../../agent/agent.ts';
import { credentialFolder } from '../../agent/enrolment/credential-folder.ts';
import { enrol } from '../../agent/enrolment/enrol.ts';
import { noSensors } from '../../agent/evidence/sensors.ts';
import { dialDirect } from '../../agent/link/dial.ts';
import { openAgentStore } from '../../agent/store/agent-store.ts';
import { openWorkspace } from '../../agent/workspace/workspace.ts';
import { type Authority, openAuthority } from '../../certs/authority.ts';
import type { Config } from '../../server/config.ts';
import { type RunningServer, startServer } from '../../server/main.ts';
import { type Database, openDatabase } from '../../server/store/database.ts';
import { alarmList } from '../../shared/api/devices.ts';
import { type Envelope, envelopeSchema } from '../../shared/order/documents.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { freePort } from './free-port.ts';
import { type Operator, setUp } from './operator.ts';
import { publicJson } from './public-json.ts';

export interface Captured {
  readonly clock: DrivenClock;
  readonly operator: Operator;
  readonly ports: { readonly device: number; readonly public: number };
  agent(name: string): Agent;
  /** An enrolled device that has connected and holds what the server had for it. */
  enrol(name: string, home: string): Promise<Agent>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The keys of the server, which is stopped. */
  keys(): Authority;
  /** The store of the server, which is stopped. */
  edit<T>(work: (database: Database) => Promise<T>): Promise<T>;
  /** A copy of the store of the server, which is stopped; `putBack` brings it back. */
  copyStore(): string;
  putBack(copy: string): void;
  /** What the public is given at this moment. */
  list(): Promise<Envelope>;
  roots(): Promise<Envelope[]>;
  alarms(device: DeviceId): Promise<{ code: string; detail: string }[]>;
  remove(): Promise<void>;
}

const PASSPHRASE = 'whoever reads this holds the server';
const NAMES = ['127.0.0.1', 'localhost'];

function configOf(home: string, ports: { device: number; public: number; admin: number }): Config {
  return {
    home,
    databaseUrl: null,
    passphrase: PASSPHRASE,
    passphraseFile: join(home, 'passphrase'),
    organisation: 'Captured',
    names: NAMES,
    bind: '127.0.0.1',
    devicePort: ports.device,
    publicPort: ports.public,
    admin: { bind: '127.0.0.1', port: ports.admin, names: [], tls: null, url: null, proxyFrom: [] },
    sessionIdleMinutes: 60,
    proxyFrom: [],
    proxyRequired: [],
    ipDatabase: null,
    appeal: 'the legal desk',
    operatorUrl: null,
    securityContact: null,
    largeShare: 10,
    evidenceDays: 400,
    dropNames: [],
    buildConsole: false,
    ntp: null,
    notifySocket: null,
    acceptClock: null,
    jumpDays: 30,
    backup: { recipient: null, scheduled: null },
    log: 'silent',
  };
}

export async function openCaptured(start: number): Promise<Captured> {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-captured-'));
  const home = join(folder, 'server');
  const clock = new DrivenClock(start);
  const log = pino({ level: 'silent' });
  const ports = { device: await freePort(), public: await freePort(), admin: await freePort() };
  const config = configOf(home, ports);
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
    async enrol(name, area) {
      const { link } = await operator.code({ user: name, group: await groupOf(area) });
      const credentials = credentialFolder(join(folder, name));
      await enrol(link, { keeper: credentials, store, dial: dialDirect });
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
        organisation: config.organisation,
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
    },
    list: async () => envelopeSchema.parse(await publicJson(publicUrl, '/orders/list')),
    roots: async () => z.array(envelopeSchema).parse(await publicJson(publicUrl, '/orders/roots')),
    alarms: async (id) =>
      (await operator.as(operator.owner, 'GET', `/alarms?device=${id}&limit=200`, alarmList)).alarms,
    async remove() {
      for (const agent of agents.values()) await agent.stop();
      await captured.stop();
      store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return captured;
}
