/**
 * The API over real HTTP on the real SQLite store, with the real admins, devices, commands, orders and ledger. Enrollment works if an
 * authority is given. Ports of the other modules (jurisdiction, health) reject with `unavailable`.
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Authority } from '../../certs/authority.ts';
import { createActivity } from '../../server/activity/activity.ts';
import { createAccountLinks, type LinkMail } from '../../server/admins/account-links.ts';
import { STEP_UP_WITHIN } from '../../server/admins/action-policy.ts';
import { createActions } from '../../server/admins/actions.ts';
import { type AdminsPorts, createAdmins } from '../../server/admins/admins.ts';
import { createSignInLimits, type SignInLimits } from '../../server/admins/sign-in-limits.ts';
import { createApi } from '../../server/api/app.ts';
import { createClientOf } from '../../server/api/client-address.ts';
import type { DemoPort } from '../../server/api/demo.ts';
import { createEventStreams, type EventStreamPorts } from '../../server/api/event-streams.ts';
import { apiRoutes } from '../../server/api/resources.ts';
import { LocalBus } from '../../server/bus/bus.ts';
import { createDeviceChanges } from '../../server/bus/device-changes.ts';
import { openTimeCorrections } from '../../server/clock/time-corrections.ts';
import { createCommands } from '../../server/commands/commands.ts';
import { connectDisclosures } from '../../server/composition/disclosures.ts';
import { connectPolicies } from '../../server/composition/policies.ts';
import { connectScripts } from '../../server/composition/scripts.ts';
import { connectTransfers } from '../../server/composition/transfers.ts';
import { createDeviceLogs } from '../../server/device-logs/device-logs.ts';
import { createDevices } from '../../server/devices/devices.ts';
import { createOwnerMail } from '../../server/enrollment/owner-mail.ts';
import { createGroupMembers } from '../../server/groups/groups.ts';
import { createHolds } from '../../server/holds/holds.ts';
import { createNamedAreas } from '../../server/jurisdiction/named-areas.ts';
import { affectedQuery } from '../../server/jurisdiction/nexus-index.ts';
import { pastLocation } from '../../server/jurisdiction/past-location.ts';
import { createTerritoryPolicies } from '../../server/jurisdiction/territory-policies.ts';
import { createLedger } from '../../server/ledger/ledger.ts';
import { createOpenings } from '../../server/ledger/openings.ts';
import { createLiveQueries } from '../../server/live-queries/live-queries.ts';
import { createMail } from '../../server/mail/mail.ts';
import { createMembership } from '../../server/membership/membership.ts';
import { createMonitor } from '../../server/monitoring/monitor.ts';
import { createOrders } from '../../server/orders/orders.ts';
import { createOverview } from '../../server/overview/overview.ts';
import { createPeople } from '../../server/people/people.ts';
import { encodeKeyBackup } from '../../server/person-keys/key-backup.ts';
import { createBackups } from '../../server/recovery/backups.ts';
import { openContinuations } from '../../server/recovery/continuations.ts';
import type { RecoveryState } from '../../server/recovery/recovery-state.ts';
import { ActionStore } from '../../server/store/action-store.ts';
import { ActivityStore } from '../../server/store/activity-store.ts';
import { openAdminStores } from '../../server/store/admin-store.ts';
import { BackupRecords } from '../../server/store/backup-records.ts';
import { ClockStore } from '../../server/store/clock-store.ts';
import { commandStores } from '../../server/store/command-stores.ts';
import { ContinuationStore } from '../../server/store/continuation-store.ts';
import { DeviceLogStore } from '../../server/store/device-log-store.ts';
import { DeviceStore } from '../../server/store/device-store.ts';
import { deviceStores } from '../../server/store/device-stores.ts';
import { FactReader } from '../../server/store/fact-reader.ts';
import { GroupMemberStore } from '../../server/store/group-member-store.ts';
import { GroupStore } from '../../server/store/group-store.ts';
import { HoldStore } from '../../server/store/hold-store.ts';
import { JurisdictionStore } from '../../server/store/jurisdiction-store.ts';
import { LedgerStore } from '../../server/store/ledger-store.ts';
import { mailStores } from '../../server/store/mail-stores.ts';
import { membershipStores } from '../../server/store/membership-stores.ts';
import { MetricsStore } from '../../server/store/metrics-store.ts';
import { NamedAreaStore } from '../../server/store/named-area-store.ts';
import { OpeningStore } from '../../server/store/opening-store.ts';
import { openOrderStores } from '../../server/store/order-stores.ts';
import { OverviewStore } from '../../server/store/overview-store.ts';
import { PastLocationStore } from '../../server/store/past-location-store.ts';
import { PeopleStore } from '../../server/store/people-store.ts';
import { PersonKeyFile } from '../../server/store/person-key-file.ts';
import { SnapshotStore } from '../../server/store/snapshot-store.ts';
import { TerritoryPolicyStore } from '../../server/store/territory-policy-store.ts';
import { UnlockShareStore } from '../../server/store/unlock-share-store.ts';
import type { AgeRecipient } from '../../shared/age/seal-to.ts';
import { signerOf } from '../../shared/order/dsse.ts';
import { SystemClock } from '../../shared/time/system-clock.ts';
import { ABSENT_PORTS, INSTALLED, NO_ENROLLMENT, NOT_RESTORED, PROCESS_FIGURES } from './absent-ports.ts';
import { apiClient, type SignInTime } from './api-client.ts';
import { testNotifications } from './api-notifications.ts';
import { testRecovery } from './api-recovery.ts';
import { testCustody } from './custody.ts';
import { testEnrollment } from './enrollment.ts';
import { testInventories } from './inventories.ts';
import { testLostModes } from './lost-modes.ts';
import { openNewStore } from './new-store.ts';
import { testPersonKeys } from './person-keys.ts';

export type ApiServer = Awaited<ReturnType<typeof startApi>>;

export async function startApi({
  limits = createSignInLimits({ codes: 100_000 }),
  proxies = [],
  authority,
  demo,
  pace = {},
  consoleFolder = join(tmpdir(), 'cordon-no-console'),
  backupRecipient = null,
  restored,
  requirePasskeys = false,
  mail = null,
  provider,
  privateReceivers = [],
}: {
  limits?: SignInLimits;
  /** Reverse proxies whose forwarded headers the server trusts. */
  proxies?: readonly string[];
  authority?: Authority;
  demo?: DemoPort;
  pace?: EventStreamPorts['pace'];
  consoleFolder?: string;
  backupRecipient?: AgeRecipient | null;
  /** State of a restored server; requires an authority. */
  restored?: RecoveryState;
  /** Whether the installation requires passkeys. They work at `http://localhost`. */
  requirePasskeys?: boolean;
  /** Sends links by e-mail; null: the API returns the links. */
  mail?: LinkMail | null;
  /** Internal addresses to which notifications may be sent. */
  privateReceivers?: readonly string[];
  /** Creates the client of the identity provider for the console's origin. */
  provider?: (origin: () => string) => AdminsPorts['provider'];
} = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-api-'));
  const database = await openNewStore(join(folder, 'cordon.db'));
  const clock = new SystemClock();
  const bus = new LocalBus();
  const logged: string[] = [];
  const write = (facts: object, message: string) => void logged.push(JSON.stringify({ ...facts, message }));
  const log = { debug: write, info: write, warn: write, error: write };
  const monitor = createMonitor(log);
  const adminStores = openAdminStores(database);
  const time: SignInTime = { ahead: 0 };
  const signInNow = () => Date.now() + time.ahead;
  let localUrl = '';
  const admins = createAdmins({
    stores: adminStores,
    browserSealer: {
      seal: (plain) => Buffer.from(plain).toString('base64url'),
      unseal: (text) => Buffer.from(text, 'base64url'),
    },
    // A visible stand-in for encryption by the custody of secrets.
    sealer: {
      seal: (plain) => `sealed:${Buffer.from(plain).toString('hex')}`,
      unseal: (text) => Buffer.from(text.slice('sealed:'.length), 'hex'),
    },
    clock,
    bus,
    organization: 'Example',
    alert: (code, detail) => devices.raiseAlert({ device: null, code, detail }),
    limits,
    provider: provider?.(() => url),
    passkeyPolicy: { site: { rpId: 'localhost', origin: () => localUrl }, required: requirePasskeys },
    now: signInNow,
  });
  const personKeyFile = new PersonKeyFile(':memory:');
  const keyIdentity = personKeyFile.bind('test');
  const personKeys = testPersonKeys(personKeyFile);
  const deviceStore = new DeviceStore(database);
  const places = new JurisdictionStore(database);
  const devices = createDevices({
    ...deviceStores(database, personKeys),
    bus,
    clock,
    followers: { deviceChanged: async () => undefined },
  });
  const groupMembers = createGroupMembers({
    store: new GroupMemberStore(database),
    facts: new FactReader(database),
    bus,
    clock,
  });
  const actions = createActions({
    store: new ActionStore(database),
    clock,
    bus,
    people: () => orders.approverSets.people(),
    account: admins.account,
    accounts: admins.accounts,
    passkeys: admins,
    requireInScope: async (wanted, scope) => void (await devices.select(wanted, scope.devices)),
    stepUpWithin: STEP_UP_WITHIN,
    now: signInNow,
  });
  const commands = createCommands({
    stores: commandStores(database),
    shares: new UnlockShareStore(database),
    bus,
    clock,
    devices,
  });
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const ledgerStore = new LedgerStore(database);
  const continuations = await openContinuations(new ContinuationStore(database), 'test');
  const ledger = createLedger({
    store: ledgerStore,
    key: {
      publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
      sign: (message) => sign(null, message, privateKey),
    },
    installation: 'test',
    clock,
    bus,
    log,
    history: continuations,
  });
  const online = signerOf(privateKey);
  const areas = createNamedAreas({ store: new NamedAreaStore(database), clock });
  const policies = createTerritoryPolicies({ store: new TerritoryPolicyStore(database), clock });
  const orders = createOrders({
    stores: openOrderStores(database),
    holds: { underLegalHold: (asked) => holds.underLegalHold(asked) },
    changes: createDeviceChanges(bus),
    responsible: { responsible: async () => [], mail: () => null },
    areas,
    policy: policies,
    sealer: testCustody(),
    clock,
    bus,
    online: { ...online, publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64') },
    // Rows in the store define the devices. Orders have no effect on them here.
    fleet: {
      personalia: async (device) => (await deviceStore.get(device)) ?? null,
      devicesOf: (group) => devices.trustedMembers(group),
      alert: async () => undefined,
    },
    jurisdiction: {
      facts: (asked) => places.facts(asked),
      affectedBy: (rule) => places.affected(affectedQuery(rule, clock.now())),
      past: (device, at) =>
        pastLocation(places, new PastLocationStore(database), device, { at, now: clock.now(), days: 400 }),
    },
    people: {
      spellingsOf: async (people) =>
        (await admins.accounts())
          .filter(({ person }) => people.has(person))
          .flatMap(({ name, email }) => [name, email]),
    },
    verifiedApproversOnly: mail !== null || provider !== undefined,
    installation: 'test',
    appeal: 'legal@example.org',
    largeShare: 10,
    log: { warn: log.info },
  });
  await orders.start();
  const people = createPeople({ store: new PeopleStore(database), groups: new GroupStore(database), bus, clock });
  const membership = createMembership({
    installation: 'test',
    stores: membershipStores(database),
    approverSets: orders.approverSets,
    ledger,
    online,
    devices,
    people,
    bus,
    clock,
    log,
  });
  const mailService = createMail({
    installation: 'test',
    stores: mailStores(database),
    orders,
    affectedBy: async () => [],
    restricts: () => false,
    clock,
    bus,
    log: { warn: log.info },
  });
  const activity = createActivity({
    store: new ActivityStore(database),
    installation: 'test',
    clock,
    days: 400,
    log: { error: write },
  });
  const notifications = testNotifications({
    database,
    folder: join(folder, 'notifications'),
    privateReceivers,
    clock,
    raise: devices.raiseAlert,
    log,
  });
  const keyFolder = join(folder, 'keys');
  mkdirSync(keyFolder);
  writeFileSync(join(keyFolder, 'custody.json'), '{}');
  const backupRecords = new BackupRecords(database);
  const backups = createBackups({
    keys: {
      content: () => encodeKeyBackup({ ...keyIdentity, at: Date.now() }, personKeyFile.all()),
      installation: 'test',
      record: (entry) => backupRecords.recordKeyBackup(entry),
      now: clock.now,
    },
    settings: { recipient: backupRecipient, scheduled: null, temporary: join(folder, 'backup-downloads') },
    content: {
      store: new SnapshotStore(database),
      keyFolder,
      version: '0.0.0',
      authority: '0'.repeat(64),
      ledgerKey: () => ledger.verifierKey,
      ipDatabase: () => null,
      now: clock.now,
    },
    records: backupRecords,
    raise: devices.raiseAlert,
    log,
  });
  const recovery =
    restored && authority
      ? testRecovery({
          database,
          restored,
          issuingDer: authority.issuingDer,
          orders,
          ledger,
          ledgerStore,
          continuations,
          clock,
          bus,
          raise: devices.raiseAlert,
          log,
        })
      : NOT_RESTORED;
  const holds = createHolds({ store: new HoldStore(database), records: orders.effect, bus, clock, log });
  const events = createEventStreams({ bus, log, pace });
  const timeCorrections = await openTimeCorrections({
    store: new ClockStore(database),
    approverSets: orders.approverSets,
    clock,
    bus,
  });
  const lostMode = testLostModes(database, bus, clock);
  const disclosures = connectDisclosures(
    {
      database,
      personKeys,
      realNow: signInNow,
      installation: 'test',
      clock,
      bus,
      config: { organization: 'Example', statementDays: 90 },
      keys: [{ use: 'Ledger key', opens: 'Signs checkpoints. Decrypts nothing.', publicKey: null }],
    },
    { admins, orders, commands, ledger },
  );
  const routes = apiRoutes({
    disclosures,
    ...connectTransfers({ database, orders, commands }, 0),
    activity,
    notifications,
    admins,
    actions,
    timeCorrections,
    devices,
    groupMembers,
    people,
    commands,
    deviceLogs: createDeviceLogs({ store: new DeviceLogStore(database), commands }),
    liveQueries: createLiveQueries({ bus, isOn: () => true }),
    lostMode,
    inventory: await testInventories(database, clock, bus),
    ...connectPolicies({ database, bus, clock, installation: 'test', online }, { devices, commands }),
    scripts: connectScripts({ database, bus, clock, installation: 'test' }, orders.approverSets),
    enrollment: authority ? testEnrollment(database, authority).enrollment : NO_ENROLLMENT,
    orders,
    areas,
    policies,
    ...ABSENT_PORTS,
    ledger: ledger.published,
    entries: ledgerStore,
    openings: createOpenings({
      store: new OpeningStore(database),
      size: ledger.published.size,
      people: () => orders.approverSets.people(),
      clock,
    }),
    membership,
    mail: mailService,
    holds,
    events,
    overview: createOverview({
      store: new OverviewStore(database),
      orders,
      membership,
      clock,
      server: async () => ({
        realNow: Date.now(),
        mayHaveFutureDates: false,
        newestRevocationList: null,
        adminCertificateFailure: null,
        certificates: INSTALLED.certificates,
        ipDatabase: { name: 'test', builtAt: clock.now() },
        ledgerFailing: false,
        markFailing: false,
        unreadableCertificates: 0,
        witnesses: { status: [], obstacle: null, remedy: '', threshold: 0 },
        clockDoubt: null,
        diskFull: false,
        mailFailure: null,
        mail: { connectors: 0, connected: 0, waiting: 0 },
        backups: backups.status(),
        statementExpires: await disclosures.transparency.expiry(),
        restored: await recovery.status(),
      }),
    }),
    metrics: {
      registry: monitor.registry,
      certificates: () => [{ use: 'root', notAfter: 0 }],
      process: () => ({
        ...PROCESS_FIGURES,
        backups: backups.status(),
      }),
      store: () => new MetricsStore(database).figures(),
      folder: tmpdir(),
    },
    backups,
    recovery,
    ownerMail: mail && createOwnerMail(mail.send, 'Example'),
    accountLinks: createAccountLinks({
      admins,
      verifications: adminStores.verifications,
      mail,
      invitationLink: (token) => `http://localhost/#invitation=${token}`,
      changed: () => bus.publish({ kind: 'accounts' }),
      now: signInNow,
    }),
    consoleOrigin: () => url,
    now: () => clock.now(),
    realNow: signInNow,
    version: '0.0.0',
    demo,
  });
  const server = createServer(
    createApi({
      monitor,
      admins,
      actions,
      activity,
      readOrder: orders.evidence.read,
      clientOf: createClientOf(proxies),
      connections: { signedIn: () => undefined },
      secure: false,
      routes,
      log,
      names: ['cordon.example'],
      consoleFolder,
    }),
  );
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  localUrl = `http://localhost:${port}`;

  const client = apiClient({ url, admins, time });

  return {
    url,
    /** Address at which passkeys work. */
    localUrl,
    bus,
    events,
    database,
    admins,
    devices,
    groupMembers,
    people,
    ledger,
    membership,
    orders,
    commands,
    disclosures,
    lostMode,
    personKeys,
    activity,
    routes,
    logged,
    ...client,
    /** Advances the clock of sign-ins and sessions. */
    advance(milliseconds: number) {
      time.ahead += milliseconds;
    },
    async close() {
      await notifications.stop();
      events.stop();
      membership.stop();
      await holds.stop();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      await orders.stop();
      await ledger.stop();
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
