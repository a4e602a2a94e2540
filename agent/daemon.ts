import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { CordonError } from '../shared/errors.ts';
import { notifyServiceManager, type ServiceState } from '../shared/service-manager.ts';
import { listenForStop } from '../shared/stop-signals.ts';
import { plain } from '../shared/text/visible-text.ts';
import { readAdminMessages } from './admin-messages/admin-messages.ts';
import type { Agent } from './agent.ts';
import type { AgentConfig } from './config.ts';
import { type ControlRequest, type OpenResponse, serveControl } from './control/control.ts';
import { lockHome } from './control/home-lock.ts';
import { respondToMailPrograms } from './control/mail-programs-responses.ts';
import { respondToMail } from './control/mail-responses.ts';
import { createMessageResponder, type MessageResponder } from './control/message-responses.ts';
import { respondToPasscode, respondToWorkspace } from './control/workspace-responses.ts';
import { notifyDesktop, showAdminMessage, showOnDesktop } from './desktop/notify.ts';
import { createAgent } from './device-agent.ts';
import type { DeviceTime } from './enforcement/device-clock.ts';
import { credentialFolder } from './enrollment/credential-folder.ts';
import { machineSensors } from './evidence/machine-sensors.ts';
import { sensorsFrom } from './evidence/sensor-command.ts';
import { machineInventory } from './inventory/machine-inventory.ts';
import { dialDirect } from './link/dial.ts';
import { type LogFile, openLogFile } from './log/log-file.ts';
import { lostLines } from './lost-mode/lost-lines.ts';
import type { OpenConnectorPart } from './mail-connector/connector-part.ts';
import { type MailPrograms, openMailPrograms } from './mail-programs/mail-programs.ts';
import { type Maildir, openMaildir } from './mail-programs/maildir.ts';
import { workspaceWithMirror } from './mail-programs/workspace-with-mirror.ts';
import type { PagePorts } from './page/app.ts';
import type { Page } from './page/page.ts';
import { machineChecks, machineFiles } from './policy/machine-checks.ts';
import type { IdleLimitPort } from './policy/policy-work.ts';
import { type AgentStore, openAgentStore } from './store/agent-store.ts';
import { type DiskReserve, openDiskReserve } from './store/disk-reserve.ts';
import { diskState, RESERVE_SIZE } from './store/disk-space.ts';
import { askLogind } from './work/logind.ts';
import { powerLines } from './work/power-lines.ts';
import { openPowerNotices, type PowerNotice, type PowerNotices } from './work/power-notice.ts';
import { machineQueries } from './work/query/machine-queries.ts';
import { chooseIsolation } from './work/script-isolation.ts';
import { scriptNotice } from './work/script-notice.ts';
import { systemHelper } from './work/system-helper-client.ts';
import { updateLines } from './work/update-lines.ts';
import { openUpdateOffers, type UpdateOffer, type UpdateOffers } from './work/update-offer.ts';
import { organizationFiles } from './workspace/organization-files.ts';
import { openWorkspace, type Workspace } from './workspace/workspace.ts';

const SAMPLE_EVERY = 5 * 60_000;
const TICK_EVERY = 60_000;
const CHECK_DISK_EVERY = 10_000;
/** Milliseconds for a shutdown. Docker sends SIGKILL ten seconds after SIGTERM. */
const STOP_WITHIN = 8_000;
/** Maximum bytes of log that wait in memory while standard error is blocked. */
const LONGEST_BACKLOG = 256 * 1024;
const LONGEST_TIMEOUT = 2 ** 31 - 1;

export type DaemonEnd = 'stopped' | 'restart' | 'unenrolled';

export interface OpenedAgent {
  readonly agent: Agent;
  readonly store: AgentStore;
  readonly workspace: Workspace;
  readonly maildir: Maildir;
  readonly reserve: DiskReserve;
  readonly log: pino.Logger;
  readonly updates: UpdateOffers;
  readonly power: PowerNotices;
  readonly idleLimit: IdleLimitPort;
}

export interface DaemonOptions {
  /** Clocks for the demo. The default is this machine's clocks. */
  readonly time?: DeviceTime | undefined;
  /** Part that makes this agent a mail connector. It takes part in no conversation. */
  readonly connector?: OpenConnectorPart | undefined;
}

export async function openAgent(
  config: AgentConfig,
  onKept: (end: DaemonEnd) => void,
  { time = machineTime(), connector }: DaemonOptions = {},
): Promise<OpenedAgent> {
  const credentials = credentialFolder(config.identity);
  // The agent reads the credentials first, because it must not create an empty store on a machine that is not enrolled.
  credentials.current();
  const maildir = openMaildir(config.maildir);
  const workspace = workspaceWithMirror(await openWorkspace(config.workspace), maildir);
  const reserve = openDiskReserve({ file: config.reserve, size: RESERVE_SIZE });
  const store = openAgentStore({ file: config.store, reserve });
  const recent = openLogFile(config.recentLog);
  const log = pino({ level: config.log, base: { name: 'cordon-agent' } }, withRecentLines(logDestination(), recent));
  const noReading = (why: string) => log.warn({ why: plain(why) }, 'the sensors gave no position');
  const updates = openUpdateOffers(
    config.update,
    (offer) => void showOnDesktop('Cordon updates', updateLines(offer).join(' ')),
  );
  const power = openPowerNotices(config.power, {
    boot: time.boot,
    announce(notice) {
      const [title, ...lines] = powerLines(notice, config.languages);
      void showOnDesktop(title, lines.join('\n'));
    },
  });
  let idleMinutes: number | null = null;
  const idleLimit: IdleLimitPort = {
    get: () => idleMinutes,
    set: (minutes) => {
      idleMinutes = minutes;
    },
  };
  const agent = createAgent({
    store,
    updates,
    power: { notices: power, ask: askLogind(config.systemBus) },
    reserve,
    credentials: {
      ...credentials,
      // On a full disk, a certificate renewal may use the disk space that is reserved for orders: without a valid certificate, the device
      // would receive no orders.
      replaceChain: (chainPem) => reserve.run(() => credentials.replaceChain(chainPem)),
    },
    time,
    connector,
    ...(connector && { keyPackages: 0 }),
    sensors: config.sensors
      ? sensorsFrom(config.sensors, noReading)
      : machineSensors({
          platform: process.platform,
          gpsdPort: config.gpsdPort,
          geoclueBus: config.geoclueBus,
          onFailure: noReading,
        }),
    dial: dialDirect,
    workspace,
    inventory: machineInventory(process.platform, (section, error) =>
      log.warn({ section, error: plain(String(error)) }, 'a section of the inventory could not be read'),
    ),
    announceLostMode: (mode) => {
      const [title, ...lines] = lostLines(mode, config.languages);
      void showOnDesktop(title, lines.join('\n'));
    },
    announceCollection: (text) => showOnDesktop('Cordon privacy', text),
    readLiveQuery: machineQueries(process.platform),
    readLog: recent.read,
    machineChecks: () => machineChecks(process.platform),
    managedFiles: machineFiles(process.platform, join(config.home, 'managed-files')) ?? undefined,
    ...(!connector && { systemHelper: { ask: systemHelper(config.systemSocket), packages: config.packages } }),
    logLevel: {
      get: () => log.level,
      set: (level) => {
        log.level = level ?? config.log;
      },
    },
    idleLimit,
    notify: (notice) => notifyDesktop(notice, config.languages),
    announce: (text) => void showOnDesktop('Cordon messages', text),
    announceMail: (text) => void showOnDesktop('Cordon mail', text),
    showAdminMessage,
    scripts: {
      setting: config.scripts,
      isolation:
        config.scripts === 'off'
          ? null
          : () => chooseIsolation({ ...config, unconfined: config.scripts === 'unconfined' }),
      announce: (record) => {
        const { title, body } = scriptNotice(record, config.languages);
        void showOnDesktop(title, body);
      },
    },
    onRestart: () => onKept('restart'),
    onUnenrolled: () => onKept('unenrolled'),
    log: {
      debug: (message, fields) => log.debug(withoutControls(fields), message),
      info: (message, fields) => log.info(withoutControls(fields), message),
      warn: (message, fields) => log.warn(withoutControls(fields), message),
    },
  });
  return { agent, store, workspace, maildir, reserve, log, updates, power, idleLimit };
}

function logDestination() {
  const destination = pino.destination({ dest: 2, sync: true, maxLength: LONGEST_BACKLOG });
  destination.on('error', () => undefined);
  destination.on('drop', () => {
    try {
      destination.flushSync();
    } catch {
      // Standard error may be a file on a full disk. The agent then drops this log line and continues.
    }
  });
  return destination;
}

/** Writes each log line to the given destination and to the file of recent lines. */
const withRecentLines = (destination: ReturnType<typeof logDestination>, recent: LogFile) => ({
  write(line: string) {
    destination.write(line);
    recent.write(line);
  },
});

/** Removes control characters from texts of the server, because the log may appear on a terminal. */
const withoutControls = (fields: Record<string, unknown> = {}) =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? plain(value) : value]),
  );

/** Runs the daemon until it receives a signal, the command `restart-agent` or the command `unenroll`. */
export async function runDaemon(config: AgentConfig, options: DaemonOptions = {}): Promise<DaemonEnd> {
  const signals = listenForStop({
    within: STOP_WITHIN,
    log: (text) => process.stderr.write(`cordon-agent: ${text}\n`),
  });
  credentialFolder(config.identity).current();
  const unlock = lockHome(config.home);
  let end: (end: DaemonEnd) => void = () => undefined;
  const ended = new Promise<DaemonEnd>((resolve) => {
    end = resolve;
  });
  const { agent, store, workspace, maildir, reserve, log, updates, power, idleLimit } = await openAgent(
    config,
    (how) => end(how),
    options,
  );
  await workspace.repair();
  const messages = createMessageResponder(agent.messaging);
  const programs = options.connector
    ? null
    : openMailPrograms({
        agent,
        workspace: workspace.state,
        maildir,
        files: config.mailPrograms,
        onFailure: (what, error) => log.warn({ what, error: String(error) }, 'other mail programs wait'),
      });
  const page = pageOnDemand({
    agent,
    messaging: agent.messaging,
    mail: agent.mail,
    programs,
    files: organizationFiles(workspace),
    idleMinutes: idleLimit.get,
    log,
    updates: { current: updates.current, change: (change) => changeUpdate(agent, updates, change) },
    power: { current: power.current, change: (change) => changePowerNotice(agent, power, change) },
  });
  const control = await serveControl(config.socket, (request) =>
    respond({ agent, messages, programs, page, updates, power, workspace }, request),
  );
  // A maintenance round may fail, for example on a full disk. The next round repeats the work.
  const failed = (error: unknown) => log.warn({ error: String(error) }, 'the periodic work failed');
  let wasFull = false;
  /** When the disk has space again, the agent resumes the work that waited for space, and rebuilds the disk reserve. */
  const checkDisk = () => {
    const full = diskState(reserve.space()) === 'full';
    if (wasFull && !full) void agent.maintain().catch(failed);
    wasFull = full;
  };
  const timers = [
    setInterval(checkDisk, CHECK_DISK_EVERY),
    setInterval(() => void agent.maintain().catch(failed), TICK_EVERY),
    setInterval(() => void agent.sample().catch(failed), SAMPLE_EVERY),
  ];
  signals.ready();
  void signals.requested.then(() => end('stopped'));
  await agent.sample().catch(failed);
  await agent.start();
  // Building the disk reserve takes a second on a slow disk, so the agent builds it after the start.
  void reserve.build().catch(failed);
  const notifyManager = (state: ServiceState) =>
    notifyServiceManager(config.notifySocket, state, (reason) =>
      log.warn({ state, reason }, 'systemd was not notified'),
    );
  await notifyManager('READY=1');

  const how = await ended;
  await notifyManager('STOPPING=1');
  for (const timer of timers) clearInterval(timer);
  await page.close();
  await programs?.stop(how === 'unenrolled');
  await agent.stop();
  await control.close();
  store.close();
  if (how === 'unenrolled') reserve.remove();
  unlock();
  signals.release();
  return how;
}

interface PageOnDemand {
  link(): Promise<string>;
  close(): Promise<void>;
}

/** The daemon loads the code of the device page at the first request, because most users never open the page. */
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

interface RequestPorts {
  readonly agent: Agent;
  readonly messages: MessageResponder;
  readonly programs: MailPrograms | null;
  readonly page: PageOnDemand;
  readonly updates: UpdateOffers;
  readonly power: PowerNotices;
  readonly workspace: Workspace;
}

/** Requests that the command line sends only after an input of the user. */
const INPUTS: ReadonlySet<ControlRequest['op']> = new Set([
  'open',
  'people',
  'conversations',
  'start',
  'write',
  'attachment',
  'mail-list',
  'mail-read',
  'mail-send',
  'workspace-list',
  'workspace-get',
  'workspace-put',
  'workspace-remove',
]);

async function respond(
  { agent, messages, programs, page, updates, power, workspace }: RequestPorts,
  request: ControlRequest,
): Promise<unknown> {
  if (INPUTS.has(request.op)) agent.passcode.used();
  switch (request.op) {
    case 'status':
      if (request.shown) agent.notices.markDisplayed();
      return agent.status();
    case 'notices':
      if (request.shown) agent.notices.markDisplayed();
      return agent.notices.list();
    case 'admin-messages':
      return readAdminMessages(agent, request.shown);
    case 'privacy': {
      const view = agent.privacy.view();
      if (request.shown) agent.privacy.displayed();
      return { ...view, scripts: agent.scripts(), fetchedFiles: agent.fetchedFiles() };
    }
    case 'update': {
      if (request.change === null) return updates.current();
      return changeUpdate(agent, updates, request.change);
    }
    case 'power': {
      if (request.change === null) return power.current();
      return changePowerNotice(agent, power, request.change);
    }
    case 'lost-mode':
      if (request.end) agent.lostMode.end();
      return agent.lostMode.current();
    case 'passcode':
      return respondToPasscode(agent.passcode, request.act);
    case 'workspace-list':
    case 'workspace-get':
    case 'workspace-put':
    case 'workspace-remove':
      return respondToWorkspace(workspace, request);
    case 'open':
      return { link: await page.link() } satisfies OpenResponse;
    case 'mail-list':
    case 'mail-read':
    case 'mail-send':
      return respondToMail(agent.mail, request);
    case 'mail-programs':
    case 'mail-submit':
      return respondToMailPrograms(programs, request);
    default:
      return messages(request);
  }
}

/** Starts or delays the update that waits for the user. */
function changeUpdate(agent: Agent, updates: UpdateOffers, change: 'now' | 'delay'): UpdateOffer {
  const offer = change === 'now' ? updates.startNow(Date.now()) : updates.delay(Date.now());
  // The maintenance starts the update. If it fails, the next round starts it.
  if (change === 'now') void agent.maintain().catch(() => undefined);
  if (offer) return offer;
  throw new CordonError(
    'conflict',
    updates.current() ? 'You cannot delay this update again.' : 'No update waits for you.',
  );
}

/** Starts or delays the restart or shutdown whose countdown runs. */
function changePowerNotice(agent: Agent, power: PowerNotices, change: 'now' | 'delay'): PowerNotice {
  const notice = change === 'now' ? power.startNow(Date.now()) : power.delay(Date.now());
  // The maintenance starts the restart. If it fails, the next round starts it.
  if (change === 'now') void agent.maintain().catch(() => undefined);
  if (notice) return notice;
  throw new CordonError(
    'conflict',
    power.current() ? 'You cannot delay this again.' : 'No restart or shutdown waits for you.',
  );
}

/** Clocks of this machine. The monotonic clock is the kernel's time since boot, which includes the time in sleep mode. */
export function machineTime(): DeviceTime {
  return {
    wall: () => Date.now(),
    monotonic: () => Math.round(uptime() * 1000),
    boot: bootId(),
    after(ms, task) {
      let timer: NodeJS.Timeout;
      const wait = (left: number) => {
        const delay = Math.min(left, LONGEST_TIMEOUT);
        timer = setTimeout(() => (left > delay ? wait(left - delay) : task()), delay).unref();
      };
      wait(ms);
      return () => clearTimeout(timer);
    },
  };
}

/**
 * Without a boot identifier from the system, each start of the agent counts as a boot. The agent then relies on the wall clock more often,
 * because values of the monotonic clock from two boots cannot be compared.
 */
function bootId(): string {
  return process.platform === 'linux' ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() : randomUUID();
}
