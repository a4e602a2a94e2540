/** Third of three steps that assemble the server: creates the device, public and admin listeners, which use the domain modules. */
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import { describeCertificate } from '../../certs/describe-certificate.ts';
import { pemOf } from '../../certs/key-folder.ts';
import { inRanges, parseAddressRanges } from '../../shared/areas/address-ranges.ts';
import { createServer as createHttpServer } from '../../shared/node-http.ts';
import { fingerprintOf } from '../../shared/pack/fingerprint.ts';
import type { PublicRoot } from '../../shared/pack/public-root.ts';
import { inForce } from '../../shared/verdict/evaluate.ts';
import { type AdminCertificate, createAdminCertificate } from '../admin-certificate.ts';
import type { AdminIdentity } from '../admin-identity.ts';
import { createAccountLinks } from '../admins/account-links.ts';
import { createApi } from '../api/app.ts';
import { createClientOf } from '../api/client-address.ts';
import { createEventStreams } from '../api/event-streams.ts';
import { apiRoutes } from '../api/resources.ts';
import { openTimeCorrections } from '../clock/time-corrections.ts';
import { createOwnerMail } from '../enrollment/owner-mail.ts';
import { PUBLIC_LIMITS } from '../gateway/admission.ts';
import { ADMIN_DEADLINES, boundServer, isLoopback } from '../gateway/bounded-server.ts';
import { createGateway } from '../gateway/gateway.ts';
import { identifyIfPresented } from '../gateway/identity.ts';
import { OpenConnections } from '../gateway/open-connections.ts';
import { createTlsListener, OPTIONAL_CLIENT_CERTIFICATE } from '../gateway/tls-listener.ts';
import { createOverview, type Viewer } from '../overview/overview.ts';
import { createPublic } from '../public/app.ts';
import { createEst } from '../public/est.ts';
import { publicRouters } from '../public/public-routers.ts';
import { ORDER_ON_PAGE } from '../public/transparency.ts';
import { watchNames } from '../startup/device-names.ts';
import { ClockStore } from '../store/clock-store.ts';
import { DeviceNameStore } from '../store/device-name-store.ts';
import { watchDiskSpace } from '../store/disk-space.ts';
import { MetricsStore } from '../store/metrics-store.ts';
import { OverviewStore } from '../store/overview-store.ts';
import { VERSION } from '../version.ts';
import type { Domain } from './domain.ts';
import type { Foundation } from './foundation.ts';
import { connectNotifications } from './notifications.ts';

type TlsEdges = Awaited<ReturnType<typeof createTlsEdges>>;
type Watches = Awaited<ReturnType<typeof createWatches>>;

export async function createListeners(
  base: Foundation,
  domain: Domain,
  { adminIdentity, consoleFolder }: { readonly adminIdentity: AdminIdentity | null; readonly consoleFolder: string },
) {
  const watches = await createWatches(base);
  const edges = await createTlsEdges(base, domain, watches);
  const events = createEventStreams({ bus: base.bus, log: base.log });
  const { tls: adminFiles } = base.config.admin;
  const adminCertificate =
    adminFiles && adminIdentity
      ? createAdminCertificate({ files: adminFiles, first: adminIdentity, now: base.realNow, log: base.log })
      : null;
  const overview = overviewOf(base, domain, { ...edges, ...watches, adminCertificate });
  const notifications = connectNotifications(base, domain, async () => (await overview(SERVER_VIEW)).healthIssues);
  const { config } = base;
  const { admin } = config;
  const connections = new OpenConnections();
  const clientOf = createClientOf(admin.proxyFrom);
  const api = createApi({
    monitor: base.monitor,
    log: base.log,
    secure: admin.tls !== null,
    clientOf,
    connections,
    admins: domain.admins,
    actions: domain.actions,
    activity: domain.activity,
    readOrder: domain.orders.evidence.read,
    consoleFolder,
    names: [...config.names, ...admin.names, admin.bind, ...(admin.url === null ? [] : [new URL(admin.url).hostname])],
    routes: apiRoutes({
      ...domain,
      ledger: domain.ledger.published,
      relocating: edges.gateway.relocating,
      entries: domain.ledgerStore,
      timeCorrections: edges.timeCorrections,
      events,
      state: stateOf(base, domain, edges, watches),
      accountLinks: accountLinksOf(base, domain),
      ownerMail: domain.mailer && createOwnerMail(domain.mailer.send, config.organization),
      overview,
      notifications,
      metrics: metricsOf(base, domain, edges, watches),
      consoleOrigin: base.consoleOrigin,
      now: () => base.clock.now(),
      realNow: base.realNow,
      version: VERSION,
      demo: base.demo,
    }),
  });
  const adminServer = adminIdentity
    ? createHttpsServer(
        { cert: adminIdentity.cert, key: adminIdentity.key, ...ADMIN_DEADLINES, handshakeTimeout: 10_000 },
        api,
      )
    : createHttpServer(ADMIN_DEADLINES, api);
  if (adminServer instanceof HttpsServer) adminCertificate?.start(adminServer);
  const adminProxies = parseAddressRanges(admin.proxyFrom);
  boundServer(adminServer, {
    tls: adminIdentity !== null,
    isShared: (address) => isLoopback(address) || inRanges(adminProxies, address),
    clientOf: ({ socket, headers }) =>
      clientOf({ remoteAddress: socket.remoteAddress, encrypted: admin.tls !== null }, headers).address,
    connections,
  });
  return { ...edges, ...watches, events, notifications, adminServer, adminCertificate };
}

/** Viewer for whom the server computes the health issues of notifications. The viewer is no person, so no task waits for the viewer. */
const SERVER_VIEW: Viewer = {
  person: 'per_notifications' as Viewer['person'],
  scope: null,
  located: [],
  approves: () => false,
  mayAnswer: () => true,
  signs: false,
  setsUp: false,
};

async function createWatches({ config, log, watchClock }: Foundation) {
  return {
    timekeeping: await watchClock(),
    disk: await watchDiskSpace(config.home, (full) =>
      full ? log.error('the disk of the data folder is full') : log.info('the disk of the data folder has room again'),
    ),
  };
}

/** The device listener and the public listener share one server certificate. */
async function createTlsEdges(base: Foundation, domain: Domain, { timekeeping }: Watches) {
  const { config, database, authority, installation, clock, bus, log, monitor } = base;
  const { devices, orders, ledger, recovery } = domain;
  /** Certificate chain that the listeners use now. The authority may already have issued a newer one. */
  let used = '';
  const tls = () => {
    const { keyPem, chainPem } = authority.serverIdentity();
    used = chainPem;
    return { key: keyPem, cert: chainPem };
  };
  const trusted = [pemOf(authority.rootDer), pemOf(authority.issuingDer)];
  const ownPage = config.publicPort === 0 ? null : `https://${base.host}:${config.publicPort}${ORDER_ON_PAGE}`;
  const operatorUrl = config.operatorUrl ?? ownPage;
  const est = createEst({
    enrollment: domain.enrollment,
    authority,
    operatorUrl,
    monitor,
    addressOf: (request) => publicListener.addressOf(request),
    identityOf: ({ socket }) => identifyIfPresented(devices, socket, recovery),
  });
  const { envelopes: approverSets } = orders.approverSets;
  const timeCorrections = await openTimeCorrections({
    store: new ClockStore(database),
    approverSets: orders.approverSets,
    clock,
    bus,
  });
  const names = watchNames({
    store: new DeviceNameStore(database),
    names: config.names,
    onFailure: (error) => log.error({ err: error }, 'a name that devices use could not be recorded'),
  });
  const { proxyFrom, proxyRequired } = config;
  const gateway = createGateway(
    {
      tls: { ...tls(), ca: trusted },
      installation,
      operatorUrl,
      proxyFrom,
      proxyRequired: proxyRequired.includes('device'),
    },
    {
      ...domain,
      ledger: ledger.published,
      jurisdiction: {
        ...domain.jurisdiction,
        followIpDatabase: domain.ipDatabases.follow,
        currentIpDatabase: domain.ipDatabases.current,
      },
      reenroll: est.reenroll,
      bus,
      clock,
      names,
      log,
      monitor,
      timekeeping: { ...timekeeping, correction: timeCorrections.newest },
    },
  );
  const publicListener = createTlsListener(
    {
      ...tls(),
      ...OPTIONAL_CLIENT_CERTIFICATE,
      ca: trusted,
      proxyRequired: proxyRequired.includes('public'),
    },
    proxyFrom,
    { admission: PUBLIC_LIMITS },
    createPublic({
      est,
      routers: publicRouters({
        revocationList: domain.revocationList,
        ledger: ledger.published,
        approverSets,
        report: domain.disclosures.transparency.report,
        contact: config.securityContact,
        now: Date.now,
      }),
      orders,
      publicRoot: domain.packs.publicRoot,
      report: domain.disclosures.transparency.report,
      ledger: ledger.published,
      clock,
      organization: config.organization,
      log,
    }),
    (failure) => monitor.tlsFailure({ listener: 'public', ...failure }),
  );
  return {
    gateway,
    publicListener,
    timeCorrections,
    certificates: () => [
      { use: 'root' as const, ...describeCertificate(authority.rootDer) },
      { use: 'issuing' as const, ...describeCertificate(authority.issuingDer) },
      { use: 'server' as const, ...describeCertificate(used) },
    ],
    /** Replaces a server certificate that expires soon or begins in the future. Returns true if the certificate is new. */
    renewServerCertificate(): boolean {
      const before = used;
      const identity = tls();
      if (used === before) return false;
      for (const listener of [gateway.listener, publicListener]) listener.renew(identity);
      return true;
    },
  };
}

function accountLinksOf({ config, bus, linkTo, realNow }: Foundation, { admins, verifications, mailer }: Domain) {
  return createAccountLinks({
    admins,
    verifications,
    invitationLink: (token) => linkTo(`invitation=${token}`),
    mail: mailer && {
      send: mailer.send,
      organization: config.organization,
      verificationLink: (token) => linkTo(`verify=${token}`),
    },
    changed: () => bus.publish({ kind: 'accounts' }),
    now: realNow,
  });
}

function stateOf(base: Foundation, domain: Domain, edges: TlsEdges, { timekeeping, disk }: Watches) {
  const { config, installation, clock } = base;
  const { ledger, orders, packs } = domain;
  return {
    ready: async () =>
      ledger.failure() === null &&
      base.mark.failure() === null &&
      timekeeping.doubt()?.cause !== 'devices' &&
      !(await disk.check()),
    health: async () => {
      const list = orders.list.current();
      return {
        status: ledger.failure() === null ? ('ok' as const) : ('unavailable' as const),
        version: VERSION,
        installation,
        now: clock.now(),
        connected: edges.gateway.connections(),
        list: list && { version: list.version, expiresAt: list.expiresAt },
        ipDatabase: domain.ipDatabases.current(),
      };
    },
    installation: () => ({
      installation,
      organization: config.organization,
      version: VERSION,
      ...base.addresses(),
      appeal: config.appeal,
      store: base.database.dialect,
      mail: domain.mailer !== null,
      backupRecipient: domain.backups.recipient,
      largeShare: config.largeShare,
      demo: base.demo !== undefined,
      publicRoot: withFingerprint(packs.publicRoot()),
      certificates: edges.certificates(),
    }),
  };
}

function overviewOf(
  base: Foundation,
  domain: Domain,
  edges: TlsEdges & Watches & { readonly adminCertificate: AdminCertificate | null },
) {
  const { timekeeping, disk, adminCertificate } = edges;
  const ofAdmins = () => (adminCertificate ? [{ use: 'admin' as const, ...adminCertificate.current() }] : []);
  const { orders, ledger, membership } = domain;
  return createOverview({
    store: new OverviewStore(base.database),
    orders,
    membership,
    clock: base.clock,
    server: async () => ({
      realNow: base.realNow(),
      newestRevocationList: await domain.revocationList.date(),
      certificates: [...edges.certificates(), ...ofAdmins()],
      adminCertificateFailure: adminCertificate?.failure() ?? null,
      ipDatabase: domain.ipDatabases.current(),
      ledgerFailing: ledger.failure() !== null,
      markFailing: base.mark.failure() !== null,
      unreadableCertificates: orders.receipts.unreadable(),
      witnesses: {
        status: domain.witnesses.status(),
        obstacle: domain.witnesses.obstacle(),
        remedy: domain.witnesses.remedy(),
        threshold: domain.witnesses.policy()?.threshold ?? 0,
      },
      clockDoubt: timekeeping.doubt(),
      mayHaveFutureDates: timekeeping.mayHaveFutureDates(),
      diskFull: disk.full(),
      mailFailure: domain.mailer?.failure() ?? null,
      mail: await mailFacts(domain.mail),
      backups: domain.backups.status(),
      statementExpires: await domain.disclosures.transparency.expiry(),
      restored: await domain.recovery.status(),
    }),
  });
}

async function mailFacts(mail: Domain['mail']) {
  const { connectors, figures } = await mail.status();
  return {
    connectors: connectors.length,
    connected: connectors.filter(({ connected }) => connected).length,
    waiting: figures.entries - figures.held,
  };
}

function metricsOf(base: Foundation, domain: Domain, edges: TlsEdges, { timekeeping, disk }: Watches) {
  const { orders, ledger } = domain;
  const store = new MetricsStore(base.database);
  return {
    registry: base.monitor.registry,
    certificates: edges.certificates,
    folder: base.config.home,
    process: () => ({
      connections: edges.gateway.connections(),
      list: orders.list.current(),
      activeOrders: orders.adoption.rules().filter((rule) => inForce(rule, base.clock.now())).length,
      ledgerFailing: ledger.failure() !== null,
      markFailing: base.mark.failure() !== null,
      ledgerWithheld: domain.witnesses.obstacle() !== null,
      witnesses: domain.witnesses.status(),
      clockInDoubt: timekeeping.doubt() !== null,
      diskFull: disk.full(),
      backups: domain.backups.status(),
      mailboxes: domain.relay.figures(),
      mail: domain.mail.recentFigures(),
    }),
    store: () => store.figures(),
  };
}

const withFingerprint = (document: PublicRoot | null) => document && { document, fingerprint: fingerprintOf(document) };
