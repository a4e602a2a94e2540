/**
 * The composition root, read from top to bottom: configuration → keys → store → bus → domain → listeners → drain. Nothing else
 * plugs modules together, and nothing here decides.
 */
import { once } from 'node:events';
import { createReadStream, mkdirSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { basename, join } from 'node:path';
import type { Logger } from 'pino';
import { openAuthority } from '../certs/authority.ts';
import { resolvePassphrase } from '../certs/custody.ts';
import { describeCertificate } from '../certs/describe-certificate.ts';
import { pemOf } from '../certs/key-folder.ts';
import { inRanges, parseAddressRanges } from '../shared/areas/address-ranges.ts';
import { type CordonError, isCordonError } from '../shared/errors.ts';
import { fingerprintOf } from '../shared/pack/fingerprint.ts';
import type { PublicRoot } from '../shared/pack/public-root.ts';
import { LINK_PATH } from '../shared/protocol/frames.ts';
import type { DeviceId } from '../shared/protocol/ids.ts';
import { CRL_PATH } from '../shared/protocol/public-paths.ts';
import { notifyServiceManager, type ServiceState } from '../shared/service-manager.ts';
import type { StopSignals } from '../shared/stop-signals.ts';
import type { Clock } from '../shared/time/clock.ts';
import { inForce } from '../shared/verdict/evaluate.ts';
import { readAdminIdentity } from './admin-identity.ts';
import { STEP_UP_WITHIN } from './admins/action-policy.ts';
import { createActions } from './admins/actions.ts';
import { createAdmins } from './admins/admins.ts';
import { createApi } from './api/app.ts';
import type { DemoPort } from './api/demo.ts';
import { createEventStreams } from './api/event-streams.ts';
import { createClientOf } from './api/forwarded.ts';
import { apiRoutes } from './api/resources.ts';
import { type Bus, LocalBus, type Wake } from './bus/bus.ts';
import { admitClock, UNWATCHED, watchClock } from './clock/clock-watch.ts';
import { GuardedClock } from './clock/guarded-clock.ts';
import { machineClocks } from './clock/machine-clocks.ts';
import { openTimeCorrections } from './clock/time-corrections.ts';
import { measureTime } from './clock/time-sources.ts';
import { createCommands } from './commands/commands.ts';
import { type Config, forgetNotifySocket, readConfig } from './config.ts';
import type { ListenerName } from './config-values.ts';
import { CONSOLE_FOLDER, ensureConsole } from './console/build.ts';
import { consoleLink, inUrl } from './console-link.ts';
import { createDevices } from './devices/devices.ts';
import { createEnrolment } from './enrolment/enrolment.ts';
import { newcomerVerdict, publicAppeal } from './enrolment/newcomer-gate.ts';
import { createRevocationList } from './enrolment/revocation-list.ts';
import { PUBLIC_LIMITS } from './gateway/admission.ts';
import { boundServer, isLoopback } from './gateway/bounded-server.ts';
import { createGateway } from './gateway/gateway.ts';
import { createTlsListener } from './gateway/tls-listener.ts';
import { createHolds } from './holds/holds.ts';
import { createDisputedPolicies } from './jurisdiction/disputed-policies.ts';
import { importedFile, openIpDatabases } from './jurisdiction/ip-database.ts';
import { createJurisdiction } from './jurisdiction/jurisdiction.ts';
import { createNamedAreas } from './jurisdiction/named-areas.ts';
import { BEFOREHAND_DAYS } from './jurisdiction/past.ts';
import { createLedger } from './ledger/ledger.ts';
import { createMembership } from './membership/membership.ts';
import { createMonitor } from './monitoring/monitor.ts';
import { createServerLog } from './monitoring/server-log.ts';
import { createOrders } from './orders/orders.ts';
import { createPacks } from './orders/pack/packs.ts';
import { createOverview } from './overview/overview.ts';
import { createPeople } from './people/people.ts';
import { createPublic } from './public/app.ts';
import { crlRouter } from './public/crl.ts';
import { createEst } from './public/est.ts';
import { ledgerRouter } from './public/ledger.ts';
import { securityContactRouter } from './public/security-contact.ts';
import { ORDER_ON_PAGE } from './public/transparency.ts';
import { createBackups } from './recovery/recovery.ts';
import { createRestoration } from './recovery/restoration.ts';
import { createRelay } from './relay/relay.ts';
import { watchNames } from './startup/device-names.ts';
import { preflight } from './startup/preflight.ts';
import { ActionStore } from './store/action-store.ts';
import { AdminStore } from './store/admin-store.ts';
import { AttachmentStore } from './store/attachment-store.ts';
import { BackupRecords } from './store/backup-records.ts';
import { ClockStore } from './store/clock-store.ts';
import { CommandStore } from './store/command-store.ts';
import { DeviceNameStore } from './store/device-name-store.ts';
import { DeviceStore } from './store/device-store.ts';
import { watchDiskSpace } from './store/disk-space.ts';
import { DisputedPolicyStore } from './store/disputed-policy-store.ts';
import { EnrolmentStore } from './store/enrolment-store.ts';
import { ExecutionStore } from './store/execution-store.ts';
import { ExitStore } from './store/exit-store.ts';
import { GroupStore } from './store/group-store.ts';
import { HoldStore } from './store/hold-store.ts';
import { JurisdictionStore } from './store/jurisdiction-store.ts';
import { KeyPackageStore } from './store/key-package-store.ts';
import { LedgerStore } from './store/ledger-store.ts';
import { MailboxStore } from './store/mailbox-store.ts';
import { MembershipStore } from './store/membership-store.ts';
import { MetricsStore } from './store/metrics-store.ts';
import { NamedAreaStore } from './store/named-area-store.ts';
import { NamesStore } from './store/names-store.ts';
import { OrderStore } from './store/order-store.ts';
import { OverviewStore } from './store/overview-store.ts';
import { PackStore } from './store/pack-store.ts';
import { PaperStore } from './store/paper-store.ts';
import { PeopleStore } from './store/people-store.ts';
import { PostStore } from './store/post-store.ts';
import { PresenceStore } from './store/presence-store.ts';
import { ProgressStore } from './store/progress-store.ts';
import { ReceiptStore } from './store/receipt-store.ts';
import { RestorationStore } from './store/restoration-store.ts';
import { keepRetention } from './store/retention.ts';
import { RevocationStore } from './store/revocation-store.ts';
import { SnapshotStore } from './store/snapshot-store.ts';
import { StandingStore } from './store/standing-store.ts';
import { UnlockShareStore } from './store/unlock-share-store.ts';
import { RELEASED, VERSION } from './version.ts';

const DAY = 86_400_000;

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface RunningServer {
  readonly addresses: { readonly device: Address; readonly public: Address; readonly admin: Address };
  /** Null when somebody owns this installation already. */
  readonly firstOwnerLink: string | null;
  /** Where the passphrase comes from; `path` is null when it was given in the environment. */
  readonly passphrase: { readonly path: string | null; readonly generated: boolean };
  /** Drains: devices are told to come back, what is under way is finished, the store is closed. */
  stop(): Promise<void>;
  /** Resolves if another server has taken the store over. Stop this one then. */
  readonly takenOver: Promise<CordonError>;
}

/** `clock`: replay and demo only. A released server runs on the system's. `demo`: the demo only. */
export async function startServer(
  config: Config,
  given: { readonly clock?: Clock; readonly log?: Logger; readonly demo?: DemoPort } = {},
): Promise<RunningServer> {
  const machine = machineClocks();
  const guarded = new GuardedClock(machine);
  const clock = given.clock ?? guarded;
  const log = given.log ?? createServerLog(config.log);
  const monitor = createMonitor(log);
  const [name = 'localhost'] = config.names;
  const host = inUrl(name);

  const { admin } = config;
  const adminIdentity = admin.tls && readAdminIdentity(admin.tls);

  // --- preflight ----------------------------------------------------------------------------------------------------
  const clockPorts = { clock: guarded, machine, measure: () => measureTime(config.ntp), log };
  const checked = await preflight(config, (database, authorityEnds) =>
    given.clock
      ? Promise.resolve(null)
      : admitClock(
          { ...clockPorts, store: database && new ClockStore(database) },
          { released: RELEASED, authorityEnds, longestSilence: config.jumpDays * DAY, accepted: config.acceptClock },
        ),
  );
  const { database, keyFolder } = checked;

  // --- keys ---------------------------------------------------------------------------------------------------------
  mkdirSync(config.home, { recursive: true, mode: 0o700 });
  const passphrase = resolvePassphrase({ given: config.passphrase, file: config.passphraseFile, folder: keyFolder });
  const authority = openAuthority({
    folder: keyFolder,
    passphrase: passphrase.passphrase,
    organisation: config.organisation,
    serverNames: config.names,
    crlUrl: config.publicPort === 0 ? null : `https://${host}:${config.publicPort}${CRL_PATH}`,
    finish: 'later',
  });

  // --- store and bus ------------------------------------------------------------------------------------------------
  const installation = await checked.settle(authority);
  database.onQuery(monitor.query);
  const bus = new LocalBus();
  const groups = new GroupStore(database);
  const presence = new PresenceStore(database);
  const jurisdictionStore = new JurisdictionStore(database);
  const adminStore = new AdminStore(database);
  const ledgerStore = new LedgerStore(database);
  const metricsStore = new MetricsStore(database);
  const restorationStore = new RestorationStore(database);
  const restored = await restorationStore.state();

  // --- domain -------------------------------------------------------------------------------------------------------
  const ledger = createLedger({
    ...{ store: ledgerStore, key: authority.ledgerKey, installation, clock, bus, log },
    suspended: () => restoration.ledgerSuspended(),
  });

  /** What follows from a device's home, seat, group, statement or generation. */
  const followers = {
    deviceChanged: async (device: DeviceId): Promise<void> => {
      await jurisdiction.deviceChanged(device);
      await orders.reissueRecord(device);
      orders.invalidateVerdicts([device]);
    },
  };
  const devices = createDevices({ store: new DeviceStore(database), groups, presence, bus, clock, followers });
  const people = createPeople({ store: new PeopleStore(database), groups, bus, clock });
  const commands = createCommands({
    store: new CommandStore(database),
    shares: new UnlockShareStore(database),
    bus,
    clock,
    devices,
  });

  const ipFolder = join(config.home, 'ip');
  const ip = await openIpDatabases({ folder: ipFolder, store: jurisdictionStore, clock, log });
  /** A device that has moved is judged anew at once, and not only when the wake has arrived. */
  const movingBus: Bus = {
    subscribe: (hear) => bus.subscribe(hear),
    publish: (wake: Wake) => {
      if (wake.kind === 'verdicts') orders.invalidateVerdicts(wake.devices);
      bus.publish(wake);
    },
  };
  const areas = createNamedAreas({ store: new NamedAreaStore(database), clock });
  const policies = createDisputedPolicies({ store: new DisputedPolicyStore(database), clock });
  const jurisdiction = createJurisdiction({
    store: jurisdictionStore,
    ip,
    clock,
    bus: movingBus,
    evidenceDays: config.evidenceDays,
  });

  const orderStore = new OrderStore(database);
  const executed = new ExecutionStore(database);
  const exitStore = new ExitStore(database);
  const receipts = new ReceiptStore(database);
  const standing = new StandingStore(database);
  const names = new NamesStore(database);
  const orders = createOrders({
    restored: restored && { recordFloor: restored.recordFloor, recovering: () => restoration.recovering() },
    store: orderStore,
    executed,
    exits: exitStore,
    holds: { held: (asked) => holds.held(asked) },
    receipts,
    standing,
    told: new ProgressStore(database),
    papers: new PaperStore(database),
    sealer: authority,
    names,
    clock,
    bus,
    online: authority.online,
    installation,
    appeal: config.appeal,
    largeShare: config.largeShare,
    log,
    jurisdiction,
    areas,
    policy: policies,
    people: {
      spellingsOf: async (people) =>
        (await admins.accounts())
          .filter(({ person }) => people.has(person))
          .flatMap(({ name, email }) => [name, email]),
    },
    fleet: {
      personalia: (device) => devices.get(device).catch(ifUnknown),
      devicesOf: (group) => groups.devicesOf(group),
      alarm: (device, code, detail) => devices.raiseAlarm({ device, code, detail }),
    },
  });

  const holds = createHolds({ store: new HoldStore(database), records: orders, bus, clock, log });

  const packs = createPacks({
    store: new PackStore(database),
    orders: orderStore,
    executed,
    exits: { progressAnew: orders.exitAnew, exits: (order) => exitStore.exits(order) },
    receipts,
    ledger,
    roots: orders.roots,
    reached: orders.affected,
    names,
    authority: {
      rootPem: pemOf(authority.rootDer),
      issuingPem: pemOf(authority.issuingDer),
      fingerprint: authority.fingerprint,
    },
    online: authority.online,
    installation,
    organisation: config.organisation,
    clock,
  });

  const membership = createMembership({
    installation,
    store: new MembershipStore(database),
    orders,
    ledger,
    online: authority.online,
    devices,
    people,
    bus,
    clock,
    log,
  });

  const bound = { device: config.devicePort, public: config.publicPort };
  const addresses = () => ({
    publicUrl: `https://${host}:${bound.public}`,
    deviceUrl: `wss://${host}:${bound.device}`,
  });
  const enrolment = createEnrolment({
    store: new EnrolmentStore(database),
    authority,
    clock,
    bus,
    appeal: config.appeal,
    addresses,
    surroundings: {
      approversAdopted: async () => orders.rootVersion() > 0,
      areasOfAddress: jurisdiction.areasOfAddress,
      gate: (newcomer) => newcomerVerdict(orders.rules(), newcomer, clock.now()),
      appealOf: (order) => publicAppeal(orders.termsOf(order), clock.now()),
      deviceChanged: followers.deviceChanged,
    },
  });
  const revocationList = createRevocationList({
    store: new RevocationStore(database),
    authority,
    clock,
    bus,
    raise: ({ device, code, detail }) => devices.raiseAlarm({ device, code, detail }),
    log,
  });
  const admins = createAdmins({
    accounts: adminStore,
    sessions: adminStore,
    approverKeys: adminStore,
    sealer: {
      seal: (plain) => authority.seal(Buffer.from(plain), 'totp'),
      unseal: (text) => authority.unseal(text, 'totp'),
    },
    browserSealer: {
      seal: (plain) => authority.seal(Buffer.from(plain), 'browser'),
      unseal: (text) => authority.unseal(text, 'browser'),
    },
    clock,
    bus,
    organisation: config.organisation,
    sessionIdle: config.sessionIdleMinutes * 60_000,
    alarm: (code, detail) => devices.raiseAlarm({ device: null, code, detail }),
  });

  const actions = createActions({
    store: new ActionStore(database),
    clock,
    bus,
    independent: (first, second) => orders.independent(first.person, second.person),
    account: admins.account,
    requireReached: async (wanted, reach) => void (await devices.reached(wanted, reach.devices)),
    // The demo's people have no authenticator.
    stepUpWithin: given.demo === undefined ? STEP_UP_WITHIN : Number.MAX_SAFE_INTEGER,
  });

  const relay = createRelay({
    posts: new PostStore(database),
    mailboxes: new MailboxStore(database),
    keyPackages: new KeyPackageStore(database),
    attachments: new AttachmentStore(database),
    orders,
    affectedBy: jurisdiction.affectedBy,
    clock,
    bus,
    log,
  });

  const restoration = createRestoration({
    state: restored,
    store: restorationStore,
    orders,
    ledger: {
      verifierKey: ledger.verifierKey,
      size: async () => (await ledgerStore.newest())?.size ?? 0,
      hashes: ledgerStore.hashes,
    },
    issuingDer: authority.issuingDer,
    clock,
    bus,
    raise: devices.raiseAlarm,
    settle: async (device, record) => {
      if (await restorationStore.settle(device, record)) await followers.deviceChanged(device);
    },
    deviceChanged: followers.deviceChanged,
    log,
  });

  const backups = createBackups({
    settings: { ...config.backup, temporary: join(config.home, 'backup-downloads') },
    content: {
      store: new SnapshotStore(database),
      keyFolder,
      version: VERSION,
      authority: authority.fingerprint,
      ledgerKey: ledger.verifierKey,
      ipDatabase: () => importedFile(ipFolder, ip.current()),
      now: () => clock.now(),
    },
    records: new BackupRecords(database),
    raise: devices.raiseAlarm,
    log,
  });

  // --- listeners ----------------------------------------------------------------------------------------------------
  /** What the listeners show: the authority may hold a newer one already. */
  let shown = '';
  const tls = () => {
    const { keyPem, chainPem } = authority.serverIdentity();
    shown = chainPem;
    return { key: keyPem, cert: chainPem };
  };
  const certificates = () => [
    { use: 'root' as const, ...describeCertificate(authority.rootDer) },
    { use: 'issuing' as const, ...describeCertificate(authority.issuingDer) },
    { use: 'server' as const, ...describeCertificate(shown) },
  ];
  const trusted = [pemOf(authority.rootDer), pemOf(authority.issuingDer)];
  /** Who denies says so in its own words: where it has configured, or else on its own page of orders. */
  const ownPage = config.publicPort === 0 ? null : `https://${host}:${config.publicPort}${ORDER_ON_PAGE}`;
  const operatorUrl = config.operatorUrl ?? ownPage;
  const est = createEst({
    ...{ enrolment, authority, operatorUrl, monitor },
    addressOf: (request) => publicListener.addressOf(request),
  });
  const timekeeping = given.clock
    ? UNWATCHED
    : await watchClock({ ...clockPorts, store: new ClockStore(database) }, checked.clockEntry);
  const disk = await watchDiskSpace(config.home, (full) =>
    full ? log.error('the disk of the data folder is full') : log.info('the disk of the data folder has room again'),
  );
  const timeCorrections = await openTimeCorrections({
    store: new ClockStore(database),
    roots: orders.roots,
    clock,
    bus,
  });
  const proxied = (name: ListenerName) => ({
    proxyFrom: config.proxyFrom,
    proxyRequired: config.proxyRequired.includes(name),
  });
  const gateway = createGateway(
    { tls: { ...tls(), ca: trusted }, ...proxied('device'), installation, operatorUrl },
    {
      devices,
      commands,
      jurisdiction,
      orders,
      relay,
      membership,
      ledger,
      reenrol: est.reenrol,
      restoration,
      bus,
      clock,
      names: watchNames({
        store: new DeviceNameStore(database),
        names: config.names,
        onFailure: (error) => log.error({ err: error }, 'a name that devices use could not be noted'),
      }),
      timekeeping: { ...timekeeping, correction: timeCorrections.newest },
      log,
      monitor,
    },
  );
  const publicListener = createTlsListener(
    { ...tls(), minVersion: 'TLSv1.2', proxyRequired: proxied('public').proxyRequired },
    config.proxyFrom,
    { admission: PUBLIC_LIMITS },
    createPublic({
      est: est.router,
      routers: [
        crlRouter({ revocationList }),
        ledgerRouter({ ledger }),
        securityContactRouter({ contact: config.securityContact, now: Date.now }),
      ],
      orders,
      publicRoot: packs.publicRoot,
      ledger,
      clock,
      organisation: config.organisation,
      log,
    }),
    (failure) => monitor.tlsFailure({ listener: 'public', ...failure }),
  );

  const linkTo = (fragment: string) => consoleLink(config, adminPort, fragment);
  const invitationLink = (token: string) => linkTo(`invitation=${token}`);
  const events = createEventStreams({ bus, log });
  const api = createApi({
    monitor,
    secure: config.admin.tls !== null,
    clientOf: createClientOf(admin.proxyFrom),
    admins,
    actions,
    log,
    names: [...config.names, ...admin.names, admin.bind, ...(admin.url === null ? [] : [new URL(admin.url).hostname])],
    consoleFolder: CONSOLE_FOLDER,
    routes: apiRoutes({
      admins,
      actions,
      devices,
      people,
      commands,
      enrolment,
      orders,
      packs,
      jurisdiction,
      relocating: gateway.relocating,
      areas,
      policies,
      ledger,
      entries: ledgerStore,
      membership,
      holds,
      timeCorrections,
      events,
      state: {
        ready: async () =>
          ledger.failure() === null && timekeeping.doubt()?.cause !== 'devices' && !(await disk.look()),
        health: async () => {
          const list = orders.currentList();
          return {
            status: ledger.failure() === null ? 'ok' : 'unavailable',
            version: VERSION,
            installation,
            now: clock.now(),
            connected: gateway.connections(),
            list: list && { version: list.version, expiresAt: list.expiresAt },
            ipDatabase: jurisdiction.currentIpDatabase(),
          };
        },
        installation: () => ({
          installation,
          organisation: config.organisation,
          version: VERSION,
          ...addresses(),
          appeal: config.appeal,
          store: database.dialect,
          backupRecipient: backups.recipient,
          largeShare: config.largeShare,
          demo: given.demo !== undefined,
          publicRoot: withFingerprint(packs.publicRoot()),
          certificates: certificates(),
        }),
      },
      overview: createOverview({
        store: new OverviewStore(database),
        orders,
        certificates,
        ipDatabase: jurisdiction.currentIpDatabase,
        ledgerFailing: () => ledger.failure() !== null,
        clockDoubt: timekeeping.doubt,
        diskFull: disk.full,
        membership,
        backups: backups.status,
        restoration: restoration.status,
        clock,
      }),
      metrics: {
        registry: monitor.registry,
        certificates,
        installation: () => metricsStore.figures(),
        folder: config.home,
        connections: gateway.connections,
        list: orders.currentList,
        mail: relay.figures,
        backups: backups.status,
        ordersInForce: () => orders.rules().filter((rule) => inForce(rule, clock.now())).length,
        ledgerFailing: () => ledger.failure() !== null,
        clockInDoubt: () => timekeeping.doubt() !== null,
        diskFull: disk.full,
      },
      backups,
      restoration,
      invitationLink,
      now: () => clock.now(),
      version: VERSION,
      demo: given.demo,
    }),
  });
  const adminServer = adminIdentity ? createHttpsServer(adminIdentity, api) : createHttpServer(api);
  const adminProxies = parseAddressRanges(admin.proxyFrom);
  boundServer(adminServer, {
    tls: adminIdentity !== null,
    isShared: (address) => isLoopback(address) || inRanges(adminProxies, address),
  });

  // --- start --------------------------------------------------------------------------------------------------------
  await devices.resetPresence();
  await jurisdiction.disconnectAll();
  await enrolment.recordOwn();
  await ledger.start();
  if (config.ipDatabase !== null) await takeIpDatabase(config.ipDatabase);
  await orders.start();
  await holds.start();
  await relay.start();
  await backups.start();
  const stopRevocationList = await revocationList.start();
  const stopLapsing = await devices.keepLapsing((error) => log.error({ err: error }, 'statements could not be ended'));
  const stopExpiring = commands.keepExpiring((error) => log.error({ err: error }, 'commands could not be expired'));
  const stopRetention = keepRetention(database, clock, config.evidenceDays + BEFOREHAND_DAYS, (error) =>
    log.error({ err: error }, 'what has been kept long enough could not be removed'),
  );
  const renewing = setInterval(renewServerCertificate, DAY);
  renewing.unref();

  const { ports } = checked;
  bound.public = await publicListener.listen(config.bind, config.publicPort, ports.public.handle);
  bound.device = await gateway.listen(config.bind, config.devicePort, ports.device.handle);
  adminServer.listen(ports.admin.handle);
  await once(adminServer, 'listening');
  const adminAddress = adminServer.address();
  const adminPort = adminAddress !== null && typeof adminAddress === 'object' ? adminAddress.port : admin.port;
  const invitation = await admins.firstOwnerInvitation();

  async function takeIpDatabase(path: string): Promise<void> {
    const { hash } = await jurisdiction.importIpDatabase(basename(path), createReadStream(path), null);
    if (jurisdiction.currentIpDatabase().hash !== hash) await jurisdiction.activateIpDatabase(hash, null);
  }

  function renewServerCertificate(): void {
    try {
      for (const listener of [gateway.listener, publicListener]) listener.renew(tls());
    } catch (error) {
      log.error({ err: error }, 'the server certificate could not be renewed; the old one stays until it expires');
    }
  }

  // --- drain --------------------------------------------------------------------------------------------------------
  async function stop(): Promise<void> {
    clearInterval(renewing);
    stopLapsing();
    stopExpiring();
    stopRevocationList();
    await gateway.stop();
    membership.stop();
    await publicListener.close();
    events.stop();
    const closed = once(adminServer, 'close');
    adminServer.close();
    adminServer.closeAllConnections();
    await closed;
    await backups.stop();
    await relay.stop();
    await holds.stop();
    await orders.stop();
    await ledger.stop();
    await timekeeping.stop();
    disk.stop();
    await stopRetention();
    await checked.close();
  }

  return {
    addresses: {
      device: { host: name, port: bound.device },
      public: { host: name, port: bound.public },
      admin: { host: admin.bind, port: adminPort },
    },
    // The console then also asks who the first owner is.
    firstOwnerLink: invitation === null ? null : linkTo(`first-owner&invitation=${invitation}`),
    passphrase,
    stop,
    takenOver: checked.takenOver,
  };
}

const withFingerprint = (document: PublicRoot | null) => document && { document, fingerprint: fingerprintOf(document) };

const ifUnknown = (error: unknown): null => {
  if (isCordonError(error, 'not_found')) return null;
  throw error;
};

/** `npm start`. */
export async function run(signals: StopSignals): Promise<void> {
  const config = readConfig();
  forgetNotifySocket();
  // A server without a console still serves devices, and the command line.
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
      `  keys     encrypted by the passphrase ${path === null ? 'of the environment' : `in ${path}${generated ? ' (made now: keep a copy)' : ''}`}`,
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
  const tell = (state: ServiceState) =>
    notifyServiceManager(config.notifySocket, state, (reason) =>
      console.error(`cordon: ${state} was not sent: ${reason}`),
    );
  await tell('READY=1');
  let exit = 0;
  void server.takenOver.then((error) => {
    exit = 1;
    signals.request(error.message);
  });
  const why = await signals.requested;
  console.log(`${why}: devices are told to come back; stopping`);
  await tell('STOPPING=1');
  await server.stop();
  process.exit(exit);
}
