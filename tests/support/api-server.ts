/**
 * The API over real HTTP on the real SQLite store, with the real admins, devices, commands, orders and ledger; enrolment where an authority
 * is given. The rest (jurisdiction, health) is for end-to-end tests: here its ports refuse with `unavailable`.
 */

import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateSync } from 'otplib';
import type { Authority } from '../../certs/authority.ts';
import { STEP_UP_WITHIN } from '../../server/admins/action-policy.ts';
import { createActions } from '../../server/admins/actions.ts';
import { createAdmins } from '../../server/admins/admins.ts';
import type { Grant } from '../../server/admins/roles.ts';
import { createSignInLimits, type SignInLimits } from '../../server/admins/sign-in-limits.ts';
import { createApi } from '../../server/api/app.ts';
import type { DemoPort } from '../../server/api/demo.ts';
import { createEventStreams, type EventStreamPorts } from '../../server/api/event-streams.ts';
import { createClientOf } from '../../server/api/forwarded.ts';
import { apiRoutes } from '../../server/api/resources.ts';
import { LocalBus } from '../../server/bus/bus.ts';
import { openTimeCorrections } from '../../server/clock/time-corrections.ts';
import { createCommands } from '../../server/commands/commands.ts';
import { createDevices } from '../../server/devices/devices.ts';
import { createHolds } from '../../server/holds/holds.ts';
import { createDisputedPolicies } from '../../server/jurisdiction/disputed-policies.ts';
import { createNamedAreas } from '../../server/jurisdiction/named-areas.ts';
import { pastPlace } from '../../server/jurisdiction/past.ts';
import { reachOf } from '../../server/jurisdiction/ties.ts';
import { createLedger } from '../../server/ledger/ledger.ts';
import { createMembership } from '../../server/membership/membership.ts';
import { createMonitor } from '../../server/monitoring/monitor.ts';
import { createOrders } from '../../server/orders/orders.ts';
import { createOverview } from '../../server/overview/overview.ts';
import { createPeople } from '../../server/people/people.ts';
import { createBackups } from '../../server/recovery/recovery.ts';
import { ActionStore } from '../../server/store/action-store.ts';
import { AdminStore } from '../../server/store/admin-store.ts';
import { BackupRecords } from '../../server/store/backup-records.ts';
import { ClockStore } from '../../server/store/clock-store.ts';
import { CommandStore } from '../../server/store/command-store.ts';
import { openDatabase } from '../../server/store/database.ts';
import { DeviceStore } from '../../server/store/device-store.ts';
import { DisputedPolicyStore } from '../../server/store/disputed-policy-store.ts';
import { ExecutionStore } from '../../server/store/execution-store.ts';
import { ExitStore } from '../../server/store/exit-store.ts';
import { GroupStore } from '../../server/store/group-store.ts';
import { HoldStore } from '../../server/store/hold-store.ts';
import { JurisdictionStore } from '../../server/store/jurisdiction-store.ts';
import { LedgerStore } from '../../server/store/ledger-store.ts';
import { MembershipStore } from '../../server/store/membership-store.ts';
import { MetricsStore } from '../../server/store/metrics-store.ts';
import { NamedAreaStore } from '../../server/store/named-area-store.ts';
import { NamesStore } from '../../server/store/names-store.ts';
import { OrderStore } from '../../server/store/order-store.ts';
import { OverviewStore } from '../../server/store/overview-store.ts';
import { PaperStore } from '../../server/store/paper-store.ts';
import { PeopleStore } from '../../server/store/people-store.ts';
import { PresenceStore } from '../../server/store/presence-store.ts';
import { ProgressStore } from '../../server/store/progress-store.ts';
import { ReceiptStore } from '../../server/store/receipt-store.ts';
import { SnapshotStore } from '../../server/store/snapshot-store.ts';
import { StandingStore } from '../../server/store/standing-store.ts';
import { UnlockShareStore } from '../../server/store/unlock-share-store.ts';
import type { AgeRecipient } from '../../shared/age/seal-to.ts';
import type { Installation } from '../../shared/api/installation.ts';
import { CordonError } from '../../shared/errors.ts';
import { signerOf } from '../../shared/order/dsse.ts';
import { SystemClock } from '../../shared/time/system-clock.ts';
import { testCustody } from './custody.ts';
import { testEnrolment } from './enrolment.ts';

const absent = async (): Promise<never> => {
  throw new CordonError('unavailable', 'not part of this test');
};

/** Nobody's: what the real one says of itself is for tests of a whole server. */
const INSTALLED: Installation = {
  installation: 'test',
  organisation: 'Example',
  version: '0.0.0',
  deviceUrl: 'wss://cordon.example:8443',
  publicUrl: 'https://cordon.example:8444',
  appeal: 'legal@example.org',
  store: 'sqlite',
  backupRecipient: null,
  largeShare: 10,
  demo: false,
  publicRoot: null,
  certificates: [],
};

export const PASSWORD = 'correct horse battery';

export type ApiServer = Awaited<ReturnType<typeof startApi>>;

export async function startApi({
  limits = createSignInLimits({ codes: 100_000 }),
  proxies = [],
  authority,
  demo,
  pace = {},
  consoleFolder = join(tmpdir(), 'cordon-no-console'),
  backupRecipient = null,
}: {
  limits?: SignInLimits;
  /** Reverse proxies whose forwarded headers count. */
  proxies?: readonly string[];
  authority?: Authority;
  demo?: DemoPort;
  pace?: EventStreamPorts['pace'];
  consoleFolder?: string;
  backupRecipient?: AgeRecipient | null;
} = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-api-'));
  const database = await openDatabase({ file: join(folder, 'cordon.db') });
  const clock = new SystemClock();
  const bus = new LocalBus();
  const logged: string[] = [];
  const write = (facts: object, message: string) => void logged.push(JSON.stringify({ ...facts, message }));
  const log = { debug: write, info: write, warn: write, error: write };
  const monitor = createMonitor(log);
  const store = new AdminStore(database);
  /** Sign-ins step over TOTP periods by this instead of waiting. */
  let ahead = 0;
  const admins = createAdmins({
    accounts: store,
    sessions: store,
    approverKeys: store,
    browserSealer: {
      seal: (plain) => Buffer.from(plain).toString('base64url'),
      unseal: (text) => Buffer.from(text, 'base64url'),
    },
    // Sealing is the authority's; here it is only made visible.
    sealer: {
      seal: (plain) => `sealed:${Buffer.from(plain).toString('hex')}`,
      unseal: (text) => Buffer.from(text.slice('sealed:'.length), 'hex'),
    },
    clock,
    bus,
    organisation: 'Example',
    alarm: (code, detail) => devices.raiseAlarm({ device: null, code, detail }),
    limits,
    now: () => Date.now() + ahead,
  });
  const deviceStore = new DeviceStore(database);
  const groups = new GroupStore(database);
  const places = new JurisdictionStore(database);
  const devices = createDevices({
    store: deviceStore,
    groups,
    presence: new PresenceStore(database),
    bus,
    clock,
    followers: { deviceChanged: async () => undefined },
  });
  const actions = createActions({
    store: new ActionStore(database),
    clock,
    bus,
    independent: (first, second) => orders.independent(first.person, second.person),
    account: admins.account,
    requireReached: async (wanted, reach) => void (await devices.reached(wanted, reach.devices)),
    stepUpWithin: STEP_UP_WITHIN,
    now: () => Date.now() + ahead,
  });
  const commands = createCommands({
    store: new CommandStore(database),
    shares: new UnlockShareStore(database),
    bus,
    clock,
    devices,
  });
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const ledgerStore = new LedgerStore(database);
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
  });
  const online = signerOf(privateKey);
  const areas = createNamedAreas({ store: new NamedAreaStore(database), clock });
  const policies = createDisputedPolicies({ store: new DisputedPolicyStore(database), clock });
  const orders = createOrders({
    store: new OrderStore(database),
    executed: new ExecutionStore(database),
    exits: new ExitStore(database),
    holds: { held: (asked) => holds.held(asked) },
    receipts: new ReceiptStore(database),
    standing: new StandingStore(database),
    told: new ProgressStore(database),
    papers: new PaperStore(database),
    areas,
    policy: policies,
    sealer: testCustody(),
    names: new NamesStore(database),
    clock,
    bus,
    online: { ...online, publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64') },
    // What devices are and where is as rows say; nothing comes of what orders do to them.
    fleet: {
      personalia: async (device) => (await deviceStore.get(device)) ?? null,
      devicesOf: (group) => groups.devicesOf(group),
      alarm: async () => undefined,
    },
    jurisdiction: {
      facts: (asked) => places.facts(asked),
      affectedBy: (rule) => places.reached(reachOf(rule, clock.now())),
      past: (device, at) => pastPlace(places, device, { at, now: clock.now(), days: 400 }),
    },
    people: {
      spellingsOf: async (people) =>
        (await admins.accounts())
          .filter(({ person }) => people.has(person))
          .flatMap(({ name, email }) => [name, email]),
    },
    installation: 'test',
    appeal: 'legal@example.org',
    largeShare: 10,
    log: { warn: log.info },
  });
  await orders.start();
  const people = createPeople({ store: new PeopleStore(database), groups: new GroupStore(database), bus, clock });
  const membership = createMembership({
    installation: 'test',
    store: new MembershipStore(database),
    orders,
    ledger,
    online,
    devices,
    people,
    bus,
    clock,
    log,
  });
  const keyFolder = join(folder, 'keys');
  mkdirSync(keyFolder);
  writeFileSync(join(keyFolder, 'custody.json'), '{}');
  const backups = createBackups({
    settings: { recipient: backupRecipient, scheduled: null, temporary: join(folder, 'backup-downloads') },
    content: {
      store: new SnapshotStore(database),
      keyFolder,
      version: '0.0.0',
      authority: '0'.repeat(64),
      ledgerKey: ledger.verifierKey,
      ipDatabase: () => null,
      now: clock.now,
    },
    records: new BackupRecords(database),
    raise: devices.raiseAlarm,
    log,
  });
  const holds = createHolds({ store: new HoldStore(database), records: orders, bus, clock, log });
  const events = createEventStreams({ bus, log, pace });
  const timeCorrections = await openTimeCorrections({
    store: new ClockStore(database),
    roots: orders.roots,
    clock,
    bus,
  });
  const routes = apiRoutes({
    admins,
    actions,
    timeCorrections,
    devices,
    people,
    commands,
    enrolment: authority
      ? testEnrolment(database, authority).enrolment
      : { createCode: absent, listCodes: absent, cancelCode: absent },
    orders,
    areas,
    policies,
    jurisdiction: {
      ipDatabases: absent,
      importIpDatabase: absent,
      activateIpDatabase: absent,
      ipDatabaseUses: absent,
      rollBackIpDatabase: absent,
      compareIpDatabase: absent,
      currentIpDatabase: () => ({ hash: '', name: '', builtAt: 0, use: 0 }),
      evidence: absent,
      whereabouts: async () => new Map(),
    },
    relocating: () => null,
    packs: { make: absent, made: absent, names: absent },
    ledger,
    entries: ledgerStore,
    membership,
    holds,
    events,
    state: { ready: async () => true, health: absent, installation: () => INSTALLED },
    overview: createOverview({
      store: new OverviewStore(database),
      orders,
      certificates: () => INSTALLED.certificates,
      ipDatabase: () => ({ name: 'test', builtAt: clock.now() }),
      ledgerFailing: () => false,
      clockDoubt: () => null,
      diskFull: () => false,
      backups: backups.status,
      restoration: async () => ({ state: null, lost: [] }),
      membership,
      clock,
    }),
    metrics: {
      registry: monitor.registry,
      certificates: () => [{ use: 'root', notAfter: 0 }],
      installation: () => new MetricsStore(database).figures(),
      folder: tmpdir(),
      connections: () => 0,
      list: () => null,
      ordersInForce: () => 0,
      ledgerFailing: () => false,
      clockInDoubt: () => false,
      diskFull: () => false,
      backups: backups.status,
      mail: () => ({ posts: 5, entries: 4, bytes: 300, held: 1 }),
    },
    backups,
    restoration: {
      status: async () => ({ state: null, lost: [] }),
      ledgerSuspended: () => null,
      readmit: absent,
      close: absent,
    },
    invitationLink: (token) => `http://localhost/#invitation=${token}`,
    now: () => clock.now(),
    version: '0.0.0',
    demo,
  });
  const server = createServer(
    createApi({
      monitor,
      admins,
      actions,
      clientOf: createClientOf(proxies),
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

  /** Makes an account that can sign in, and its TOTP secret. */
  async function account(email: string, grants: readonly Grant[]) {
    const first = await admins.firstOwnerInvitation();
    const owner = first !== null;
    const invitation = first ?? (await admins.createAccount(email, email)).invitation;
    const redeemed = await admins.redeemInvitation({
      token: invitation,
      password: PASSWORD,
      ...(owner ? { email, name: email } : {}),
      address: 'test',
    });
    for (const grant of grants) await admins.grant(redeemed.account.id, grant);
    return { id: redeemed.account.id, email, secret: redeemed.totpSecret };
  }

  /** A fresh code each time: the clock of the admins steps one period on. */
  function code(secret: string): string {
    ahead += 30_000;
    return generateSync({ secret, epoch: Math.floor((Date.now() + ahead) / 1000) });
  }

  async function token(who: { id: Parameters<typeof admins.createToken>[0] }): Promise<string> {
    return (await admins.createToken(who.id, 'test', null, true)).secret;
  }

  /** Signs in, and writes what `cordon sign-in` keeps below `home`, which is then `XDG_CONFIG_HOME`. */
  async function commandLine(who: { email: string; secret: string }, home: string): Promise<void> {
    const { cookie, csrf } = await signIn(who);
    mkdirSync(join(home, 'cordon'), { recursive: true });
    writeFileSync(join(home, 'cordon', 'cli.json'), JSON.stringify({ server: url, cookie, csrf }));
  }

  async function request(method: string, path: string, headers: Record<string, string> = {}, body?: unknown) {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
      // It does not end by itself.
      await response.body?.cancel();
      return { status: response.status, headers: response.headers, text: '', json: null };
    }
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : null;
    return { status: response.status, headers: response.headers, text, json };
  }

  async function signIn(who: { email: string; secret: string }, headers: Record<string, string> = {}) {
    const body = { email: who.email, password: PASSWORD, totp: code(who.secret) };
    const answer = await request('POST', '/api/v1/session', headers, body);
    const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
    const csrf = String(answer.json?.csrf ?? '');
    return { ...answer, cookie, csrf, headers: { cookie, 'x-cordon-csrf': csrf } };
  }

  return {
    url,
    bus,
    events,
    database,
    admins,
    devices,
    people,
    ledger,
    membership,
    orders,
    routes,
    logged,
    account,
    code,
    token,
    commandLine,
    request,
    signIn,
    async close() {
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
