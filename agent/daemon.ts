/** The daemon: one agent on a real machine, its timers, its control socket, and its end. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import pino from 'pino';
import { notifyServiceManager, type ServiceState } from '../shared/service-manager.ts';
import { listenForStop } from '../shared/stop-signals.ts';
import { plain } from '../shared/text/visible-text.ts';
import { type Agent, createAgent } from './agent.ts';
import type { AgentConfig } from './config.ts';
import { type ControlRequest, type OpenAnswer, serveControl } from './control/control.ts';
import { lockHome } from './control/home-lock.ts';
import { notifyDesktop, showOnDesktop } from './desktop/notify.ts';
import type { DeviceTime } from './enforcement/device-clock.ts';
import { credentialFolder } from './enrolment/credential-folder.ts';
import { machineSensors } from './evidence/machine-sensors.ts';
import { sensorsFrom } from './evidence/sensor-command.ts';
import { collectInventory } from './inventory/inventory.ts';
import { dialDirect } from './link/dial.ts';
import { answerMessages, type MessageAnswers } from './message-answers.ts';
import type { PagePorts } from './page/app.ts';
import type { Page } from './page/page.ts';
import { type AgentStore, openAgentStore } from './store/agent-store.ts';
import { openWorkspace } from './workspace/workspace.ts';

const SAMPLE_EVERY = 5 * 60_000;
const TICK_EVERY = 60_000;
/** Docker ends a container with SIGKILL ten seconds after SIGTERM. */
const STOP_WITHIN = 8_000;
const LONGEST_TIMEOUT = 2 ** 31 - 1;

export type DaemonEnd = 'stopped' | 'restart' | 'unenrolled';

export interface OpenedAgent {
  readonly agent: Agent;
  readonly store: AgentStore;
  readonly log: pino.Logger;
}

/** The agent over this machine's files, not started. */
export async function openAgent(
  config: AgentConfig,
  onEnd: (end: DaemonEnd) => void,
  time: DeviceTime = machineTime(),
): Promise<OpenedAgent> {
  const credentials = credentialFolder(config.identity);
  // Before anything is opened: a machine that is not enrolled gets told so and no empty store.
  credentials.current();
  const store = openAgentStore({ file: config.store });
  const log = pino({ level: config.log, base: { name: 'cordon-agent' } }, pino.destination(2));
  const noReading = (why: string) => log.warn({ why: plain(why) }, 'the sensors gave no reading');
  const agent = createAgent({
    store,
    credentials,
    time,
    sensors: config.sensors
      ? sensorsFrom(config.sensors, noReading)
      : machineSensors({
          platform: process.platform,
          gpsdPort: config.gpsdPort,
          geoclueBus: config.geoclueBus,
          onFailure: noReading,
        }),
    dial: dialDirect,
    workspace: await openWorkspace(config.workspace),
    inventory: collectInventory,
    notify: (notice) => notifyDesktop(notice, config.languages),
    announce: (text) => void showOnDesktop('Cordon messages', text),
    onRestart: () => onEnd('restart'),
    onUnenrolled: () => onEnd('unenrolled'),
    log: {
      debug: (message, fields) => log.debug(harmless(fields), message),
      info: (message, fields) => log.info(harmless(fields), message),
      warn: (message, fields) => log.warn(harmless(fields), message),
    },
  });
  return { agent, store, log };
}

/** `run` may log to a terminal, and what a server said may stand in it. */
const harmless = (fields: Record<string, unknown> = {}) =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? plain(value) : value]),
  );

/** Runs until a signal, a restart command or an unenrolment. */
export async function runDaemon(config: AgentConfig, time?: DeviceTime): Promise<DaemonEnd> {
  const signals = listenForStop({
    within: STOP_WITHIN,
    say: (text) => process.stderr.write(`cordon-agent: ${text}\n`),
  });
  credentialFolder(config.identity).current();
  const unlock = lockHome(config.home);
  let end: (end: DaemonEnd) => void = () => undefined;
  const ended = new Promise<DaemonEnd>((resolve) => {
    end = resolve;
  });
  const { agent, store, log } = await openAgent(config, (how) => end(how), time);
  const messages = answerMessages(agent.messaging);
  const page = pageOnDemand({ agent, messaging: agent.messaging, log });
  const control = await serveControl(config.socket, (request) => answer({ agent, messages, page }, request));
  // A full disk fails a round; the next one tries again.
  const failed = (error: unknown) => log.warn({ error: String(error) }, 'a round failed');
  const timers = [
    setInterval(() => void agent.maintain().catch(failed), TICK_EVERY),
    setInterval(() => void agent.sample().catch(failed), SAMPLE_EVERY),
  ];
  signals.ready();
  void signals.requested.then(() => end('stopped'));
  await agent.sample();
  await agent.start();
  const tell = (state: ServiceState) =>
    notifyServiceManager(config.notifySocket, state, (reason) =>
      log.warn({ state, reason }, 'systemd was not notified'),
    );
  await tell('READY=1');

  const how = await ended;
  await tell('STOPPING=1');
  for (const timer of timers) clearInterval(timer);
  await page.close();
  await agent.stop();
  await control.close();
  store.close();
  unlock();
  signals.release();
  return how;
}

interface PageOnDemand {
  link(): Promise<string>;
  close(): Promise<void>;
}

/** Its code is loaded when somebody asks for it: on most devices nobody does. */
function pageOnDemand(ports: PagePorts): PageOnDemand {
  let opening: Promise<Page> | null = null;
  const open = () => {
    opening ??= import('./page/page.ts').then(({ openPage }) => openPage(ports));
    return opening;
  };
  return {
    link: async () => (await open()).link(),
    close: async () => (await opening)?.close(),
  };
}

interface Answering {
  readonly agent: Agent;
  readonly messages: MessageAnswers;
  readonly page: PageOnDemand;
}

async function answer({ agent, messages, page }: Answering, request: ControlRequest): Promise<unknown> {
  switch (request.op) {
    case 'status':
      if (request.shown) agent.shown();
      return agent.status();
    case 'notices':
      if (request.shown) agent.shown();
      return agent.notices();
    case 'open':
      return { link: await page.link() } satisfies OpenAnswer;
    default:
      return messages(request);
  }
}

/** This machine's clocks. The monotonic one counts sleep: it is the time since boot, as the kernel tells it. */
export function machineTime(): DeviceTime {
  return {
    wall: () => Date.now(),
    monotonic: () => Math.round(uptime() * 1000),
    boot: bootId(),
    after(ms, task) {
      let timer: NodeJS.Timeout;
      const wait = (left: number) => {
        const piece = Math.min(left, LONGEST_TIMEOUT);
        timer = setTimeout(() => (left > piece ? wait(left - piece) : task()), piece).unref();
      };
      wait(ms);
      return () => clearTimeout(timer);
    },
  };
}

/** Where no boot is named, each start of the agent counts as one: the wall clock is heard more often, within the same seven days. */
function bootId(): string {
  return process.platform === 'linux' ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() : randomUUID();
}
