/**
 * Starts and stops the server. This file and `composition/` connect the modules in sequence: foundation (clock, keys, store, bus), domain,
 * listeners. No rule is decided here.
 */
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import type { CordonError } from '../shared/errors.ts';
import { Loop } from '../shared/loops/loop.ts';
import { LINK_PATH } from '../shared/protocol/frames.ts';
import { notifyServiceManager, type ServiceState } from '../shared/service-manager.ts';
import type { StopSignals } from '../shared/stop-signals.ts';
import { readAdminIdentity } from './admin-identity.ts';
import { createDomain, type Domain } from './composition/domain.ts';
import { type Foundation, openFoundation, type Replacements } from './composition/foundation.ts';
import { createListeners } from './composition/listeners.ts';
import { type Config, forgetNotifySocket, readConfig } from './config.ts';
import { CONSOLE_FOLDER, ensureConsole } from './console/build.ts';
import { inUrl } from './console-link.ts';
import { BEFOREHAND_DAYS } from './jurisdiction/past-location.ts';
import { readProviderSettings } from './openid/provider-settings.ts';
import { PersonKeyRecords } from './store/person-key-records.ts';
import { startRetention } from './store/retention.ts';
import { VERSION } from './version.ts';

const MINUTE = 60_000;
/** Maximum time that the start waits for witnesses. After that, the server runs, but its ledger stays suspended until witnesses respond. */
const WITNESSES_WITHIN = 5_000;

type Listeners = Awaited<ReturnType<typeof createListeners>>;

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface RunningServer {
  readonly addresses: { readonly device: Address; readonly public: Address; readonly admin: Address };
  /** Link with which the first owner signs in; null if the installation has an owner. */
  readonly firstOwnerLink: string | null;
  /** Source of the passphrase. `path`: null if the environment contains the passphrase. */
  readonly passphrase: { readonly path: string | null; readonly generated: boolean };
  /** Stops the server: tells devices to reconnect, finishes current work, and closes the store. */
  stop(): Promise<void>;
  /** Resolves if another server has taken over the lock of the store. This server must then stop. */
  readonly lockTakenOver: Promise<CordonError>;
}

export async function startServer(config: Config, replacements: Replacements = {}): Promise<RunningServer> {
  const adminIdentity = config.admin.tls && readAdminIdentity(config.admin.tls);
  const provider = config.openid && readProviderSettings(config.openid);
  const base = await openFoundation(config, replacements);
  const domain = await createDomain(base, provider);
  const listeners = await createListeners(base, domain, { adminIdentity, consoleFolder: CONSOLE_FOLDER });

  const stopWork = await startWork(base, domain, listeners);
  await listen(base, listeners);
  const invitation = await domain.admins.firstOwnerInvitation();

  const { name, bound, passphrase, checked } = base;
  return {
    addresses: {
      device: { host: name, port: bound.device },
      public: { host: name, port: bound.public },
      admin: { host: config.admin.bind, port: bound.admin },
    },
    // The link contains no name; the console asks the first owner for it.
    firstOwnerLink: invitation === null ? null : base.linkTo(`first-owner&invitation=${invitation}`),
    passphrase,
    stop: () => drain(base, domain, listeners, stopWork),
    lockTakenOver: checked.lockTakenOver,
  };
}

/** Starts the regular work of the domain modules, before the first connection. Returns a function that stops this work. */
async function startWork(
  { config, database, personKeys, clock, log, onClockChange }: Foundation,
  domain: Domain,
  { renewServerCertificate, notifications }: Listeners,
): Promise<{ before: () => Promise<void>; after: () => Promise<void> }> {
  const { devices, jurisdiction, mailer } = domain;
  const failed = (what: string) => (error: unknown) => log.error({ err: error }, what);
  await devices.resetPresence();
  const disconnection = new Loop({
    run: (loop) => jurisdiction.disconnectAll(loop),
    failed: failed('the ends of earlier connections could not be recorded'),
    retryAfter: MINUTE,
  });
  disconnection.request();
  await domain.enrollment.recordOwn();
  await domain.witnesses.start(WITNESSES_WITHIN);
  await domain.ledger.start();
  await domain.activity.start();
  if (config.ipDatabase !== null) await useIpDatabase(domain, config.ipDatabase);
  await domain.orders.start();
  await domain.holds.start();
  await domain.relay.start();
  await domain.mail.start();
  await domain.uploads.discardAll();
  await domain.backups.start();
  // The server must start even if it cannot reach the mail server.
  mailer?.watch();
  const stopRevocationList = await domain.revocationList.start();
  const stopStatements = await devices.startStatementExpiry(failed('location statements could not be ended'));
  const stopLostModes = await domain.lostMode.startExpiry(failed('lost mode of devices could not be ended'));
  const stopMemberships = domain.groupMembers.start(failed('dynamic groups could not be evaluated'));
  const stopCommands = domain.commands.startExpiry(failed('commands could not be expired'));
  const stopCompliance = await domain.compliance.start(failed('the compliance of devices could not be decided'));
  const stopNotices = domain.disclosures.start(failed('notices about disclosures could not be sent'));
  const stopRetention = startRetention(
    database,
    clock,
    { evidenceDays: config.evidenceDays + BEFOREHAND_DAYS, activityDays: config.activityDays },
    async (now) => {
      await personKeys.destroyExpired(now, new PersonKeyRecords(database));
      await domain.inventory.software.removeUnused();
    },
    failed('records past their retention time could not be removed'),
  );
  notifications.start();
  const renewal = new Loop({
    run: async () => {
      if (renewServerCertificate()) await domain.enrollment.recordOwn();
    },
    failed: failed('the server certificate could not be renewed; the old one stays until it expires'),
    every: MINUTE,
  });
  renewal.request();
  onClockChange(() => {
    renewal.request();
    domain.orders.clockChanged();
  });
  return {
    before: async () => {
      await Promise.all([
        renewal.stop(),
        notifications.stop(),
        stopMemberships(),
        disconnection.stop(),
        stopStatements(),
        stopLostModes(),
        stopCommands(),
        stopCompliance(),
        stopNotices(),
        stopRevocationList(),
      ]);
    },
    after: stopRetention,
  };
}

async function useIpDatabase({ ipDatabases }: Domain, path: string): Promise<void> {
  const { hash } = await ipDatabases.import(basename(path), createReadStream(path), null);
  if (ipDatabases.current().hash !== hash) await ipDatabases.activate(hash, null);
}

async function listen(
  { config, bound, checked: { ports } }: Foundation,
  { gateway, publicListener, adminServer }: Listeners,
): Promise<void> {
  bound.public = await publicListener.listen(config.bind, config.publicPort, ports.public.handle);
  bound.device = await gateway.listen(config.bind, config.devicePort, ports.device.handle);
  adminServer.listen(ports.admin.handle);
  await once(adminServer, 'listening');
  const address = adminServer.address();
  if (address !== null && typeof address === 'object') bound.admin = address.port;
}

/** Stops new work first, then connections, then the domain modules, then the store. */
async function drain(
  { checked, mark }: Foundation,
  domain: Domain,
  listeners: Listeners,
  work: Awaited<ReturnType<typeof startWork>>,
): Promise<void> {
  const { adminServer, adminCertificate } = listeners;
  await work.before();
  await adminCertificate?.stop();
  await listeners.gateway.stop();
  domain.membership.stop();
  await listeners.publicListener.close();
  listeners.events.stop();
  const closed = once(adminServer, 'close');
  adminServer.close();
  adminServer.closeAllConnections();
  await closed;
  await domain.activity.stop();
  await domain.backups.stop();
  await domain.mailer?.stop();
  await domain.mail.stop();
  await domain.relay.stop();
  await domain.holds.stop();
  await domain.orders.stop();
  await domain.witnesses.stop();
  await domain.ledger.stop();
  await listeners.timekeeping.stop();
  listeners.disk.stop();
  await work.after();
  await mark.stop();
  await checked.close();
}

export async function run(signals: StopSignals): Promise<void> {
  const config = readConfig();
  forgetNotifySocket();
  // Without a console, the server still serves devices and the command line.
  if (config.buildConsole)
    await ensureConsole(console.log).catch((error: unknown) =>
      console.error(error instanceof Error ? error.message : error),
    );
  const server = await startServer(config);
  const { device, public: open, admin } = server.addresses;
  const { path, generated } = server.passphrase;
  console.log(
    [
      `Cordon ${VERSION}`,
      `  devices  wss://${inUrl(device.host)}:${device.port}${LINK_PATH}`,
      `  public   https://${inUrl(open.host)}:${open.port}`,
      `  admins   ${config.admin.tls ? 'https' : 'http'}://${inUrl(admin.host)}:${admin.port}`,
      `  data     ${config.home}`,
      `  keys     encrypted by the passphrase ${path === null ? 'of the environment' : `in ${path}${generated ? ' (new: keep a copy)' : ''}`}`,
      ...(server.firstOwnerLink === null
        ? []
        : [
            `First owner: ${server.firstOwnerLink} (works once)`,
            '  Open it in a browser, or run "npm run cordon -- setup" and paste it',
          ]),
      'ready',
    ].join('\n'),
  );
  signals.ready();
  const notify = (state: ServiceState) =>
    notifyServiceManager(config.notifySocket, state, (reason) =>
      console.error(`cordon: ${state} was not sent: ${reason}`),
    );
  await notify('READY=1');
  let exit = 0;
  void server.lockTakenOver.then((error) => {
    exit = 1;
    signals.request(error.message);
  });
  const why = await signals.requested;
  console.log(`${why}: the server asks devices to reconnect, then stops`);
  await notify('STOPPING=1');
  await server.stop();
  process.exit(exit);
}
