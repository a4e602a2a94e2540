/**
 * The real device listener over a real store, a real authority and real orders. Devices are plain TLS and WebSocket clients whose frames
 * the test writes. The test also sets the location of each address.
 */
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { type ClientOptions, WebSocket } from 'ws';
import type { Authority } from '../../certs/authority.ts';
import { spkiOf } from '../../certs/certificate.ts';
import { createCommands } from '../../server/commands/commands.ts';
import { connectPolicies } from '../../server/composition/policies.ts';
import { connectScripts } from '../../server/composition/scripts.ts';
import { connectTransfers } from '../../server/composition/transfers.ts';
import { createDeviceLogs } from '../../server/device-logs/device-logs.ts';
import { createDevices } from '../../server/devices/devices.ts';
import { createGateway } from '../../server/gateway/gateway.ts';
import { createLiveQueries } from '../../server/live-queries/live-queries.ts';
import { createMail } from '../../server/mail/mail.ts';
import { createMembership } from '../../server/membership/membership.ts';
import { createMonitor } from '../../server/monitoring/monitor.ts';
import { createEst } from '../../server/public/est.ts';
import { createRelay } from '../../server/relay/relay.ts';
import { AttachmentStore } from '../../server/store/attachment-store.ts';
import { commandStores } from '../../server/store/command-stores.ts';
import { DeviceLogStore } from '../../server/store/device-log-store.ts';
import { deviceStores } from '../../server/store/device-stores.ts';
import { KeyPackageStore } from '../../server/store/key-package-store.ts';
import { mailStores } from '../../server/store/mail-stores.ts';
import { MailboxStore } from '../../server/store/mailbox-store.ts';
import { membershipStores } from '../../server/store/membership-stores.ts';
import { PostStore } from '../../server/store/post-store.ts';
import { UnlockShareStore } from '../../server/store/unlock-share-store.ts';
import { type HomeArea, parseHomeArea } from '../../shared/areas/area-code.ts';
import { signerOf } from '../../shared/order/dsse.ts';
import { type DeviceFrame, type ServerFrame, SUBPROTOCOL, serverFrameSchema } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { emptyLocation, observe } from '../../shared/verdict/locate.ts';
import { csrFor, newKey, testAuthority, testEnrollment } from './enrollment.ts';
import { addGroup } from './fleet-rows.ts';
import { testInventories } from './inventories.ts';
import { testLedger } from './ledger.ts';
import { testLostModes } from './lost-modes.ts';
import { openNewStore } from './new-store.ts';
import { openOrderWorld } from './order-world.ts';
import { testPersonKeys } from './person-keys.ts';
import { INSTALLATION } from './signed-documents.ts';

/** TLS parameters of a device's connection. */
export interface DeviceTls {
  readonly host: string;
  readonly port: number;
  readonly servername: string;
  readonly ca: string;
  readonly key?: string | Buffer;
  readonly cert?: string;
  readonly session?: Buffer;
}

export type GatewayWorld = Awaited<ReturnType<typeof openGatewayWorld>>;
export type TestDevice = Awaited<ReturnType<GatewayWorld['enroll']>>;

export interface GatewayWorldOptions {
  readonly proxyFrom?: readonly string[];
  readonly mostUpgrades?: number;
  /** Delays each upgrade, as a busy store does. */
  readonly observing?: () => Promise<void>;
}

export async function openGatewayWorld(options: GatewayWorldOptions = {}) {
  const { authority, remove } = testAuthority();
  const folder = mkdtempSync(join(tmpdir(), 'cordon-gateway-'));
  const database = await openNewStore(join(folder, 'cordon.db'));
  const group = await addGroup(database, 'embassies');
  const world = await openOrderWorld(database);
  const { ada, ben, cyd } = world.people;
  await world.approverSet([ada, ben, cyd], [ada, ben]);
  const { bus, clock, orders } = world;
  const { enrollment, code } = testEnrollment(database, authority, orders.effect.firstRecord);
  const complaints: string[] = [];
  const complain = (fields: object, message: string) => void complaints.push(`${message} ${JSON.stringify(fields)}`);
  const quiet = () => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: complain };
  const monitor = createMonitor(log);
  const devices = createDevices({
    ...deviceStores(database, testPersonKeys()),
    bus,
    clock,
    followers: { deviceChanged: async (device) => void (await orders.effect.reissueRecord(device)) },
  });
  const commands = createCommands({
    stores: commandStores(database),
    shares: new UnlockShareStore(database),
    bus,
    clock,
    devices,
  });
  /** Devices whose messaging and mail a policy restricts. */
  const restricted = new Set<DeviceId>();
  const relay = createRelay({
    posts: new PostStore(database),
    mailboxes: new MailboxStore(database),
    keyPackages: new KeyPackageStore(database),
    attachments: new AttachmentStore(database),
    orders,
    affectedBy: async () => [...world.devices.keys()],
    restricts: (device) => restricted.has(device),
    clock,
    bus,
    log,
  });
  await relay.start();
  const mail = createMail({
    installation: INSTALLATION,
    stores: mailStores(database),
    orders,
    affectedBy: async () => [...world.devices.keys()],
    restricts: (device) => restricted.has(device),
    clock,
    bus,
    log,
  });
  await mail.start();
  const ledgerKeys = generateKeyPairSync('ed25519');
  const ledger = testLedger(database, clock, bus, ledgerKeys);
  const membership = createMembership({
    installation: INSTALLATION,
    stores: membershipStores(database),
    approverSets: { current: () => world.orders.approverSets.current() },
    ledger,
    online: world.online,
    devices,
    people: { get: async () => ({ email: null }) },
    bus,
    clock,
    log,
  });
  /** Version of the IP database, and the areas that it gives for every address; null: the areas stay the same. */
  const ip: { use: number; areas: readonly HomeArea[] | null } = { use: 1, areas: null };
  const located: DeviceId[] = [];
  const seen: { device: DeviceId; address: string | null; connected: boolean }[] = [];
  const est = createEst({
    enrollment,
    authority,
    monitor,
    addressOf: () => null,
    identityOf: async () => null,
    operatorUrl: null,
  });
  const { keyPem, chainPem } = authority.serverIdentity();
  const gateway = createGateway(
    {
      tls: { key: keyPem, cert: chainPem, ca: [authority.chainPem] },
      proxyFrom: options.proxyFrom ?? [],
      ...(options.mostUpgrades !== undefined && { mostUpgrades: options.mostUpgrades }),
      installation: INSTALLATION,
      operatorUrl: 'https://operator.example/orders#{order}',
    },
    {
      devices,
      commands,
      deviceLogs: createDeviceLogs({ store: new DeviceLogStore(database), commands }),
      liveQueries: createLiveQueries({ bus, isOn: () => true }),
      lostMode: testLostModes(database, bus, clock),
      names: { record: () => undefined },
      timekeeping: { trusted: () => true, noteDeviceTime: () => undefined, correction: () => null },
      jurisdiction: {
        observeAddress: async (device, _generation, address, connected) => {
          seen.push({ device, address, connected });
          await options.observing?.();
          return connected ? [parseHomeArea('PK')] : [];
        },
        observe: async () => false,
        relocate: async ({ device, open }) => {
          located.push(device);
          return open ? ip.areas : null;
        },
        followIpDatabase: async () => undefined,
        currentIpDatabase: () => ip,
      },
      orders,
      inventory: await testInventories(database, clock, bus),
      ...connectPolicies(
        { database, bus, clock, installation: INSTALLATION, online: world.online },
        { devices, commands },
      ),
      scripts: connectScripts({ database, bus, clock, installation: INSTALLATION }, orders.approverSets),
      relay,
      mail,
      ...connectTransfers({ database, orders, commands }, 0),
      membership,
      ledger,
      reenroll: est.reenroll,
      bus,
      clock,
      monitor,
      log,
    },
  );
  const port = await gateway.listen('127.0.0.1', 0);

  async function enroll(area = 'SE', user = 'Amina', more: { readonly mailConnector?: boolean } = {}) {
    const { id, secret } = await code(group, { user, ...more });
    const privateKey = newKey();
    const { certificate } = await enrollment.redeem({ id, secret, csr: csrFor(id, privateKey), address: null });
    const place = parseHomeArea(area);
    const at = clock.now();
    const location = observe(emptyLocation(), { source: 'statement', areas: [place], at, until: at + 1e12 });
    world.devices.set(id, { home: place, seat: null, location });
    await orders.effect.reissueRecord(id);
    const leaf = new X509Certificate(certificate);
    const tls: DeviceTls = {
      host: '127.0.0.1',
      port,
      servername: 'localhost',
      ca: new X509Certificate(authority.rootDer).toString(),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      cert: `${leaf.toString()}${new X509Certificate(authority.issuingDer).toString()}`,
    };
    return { id, privateKey, signer: signerOf(privateKey), tls };
  }

  /** Moves a device by a location statement, and publishes the change as the jurisdiction module does. */
  function move(device: DeviceId, area: string): void {
    const known = world.devices.get(device);
    if (!known) throw new Error('there is no such device');
    const at = clock.now();
    const areas = [parseHomeArea(area)];
    const location = observe(emptyLocation(), { source: 'statement', areas, at, until: at + 1e12 });
    world.devices.set(device, { ...known, location });
    world.changes.devicesMoved([device]);
  }

  /** Enrolls the device once more, with a new key. */
  async function enrollAgain(device: DeviceId): Promise<void> {
    const { id, secret } = await code(group, { device });
    await enrollment.redeem({ id, secret, csr: csrFor(id, newKey()), address: null });
  }

  return {
    ...world,
    authority,
    database,
    devices,
    commands,
    restricted,
    gateway,
    relay,
    mail,
    membership,
    ledger,
    ledgerKeys,
    port,
    seen,
    ip,
    located,
    complaints,
    enroll,
    enrollAgain,
    move,
    alertCodes: async (device: DeviceId) => (await devices.alerts({ scope: null, device })).map((alert) => alert.code),
    close: async () => {
      await gateway.stop();
      await mail.stop();
      await relay.stop();
      membership.stop();
      await ledger.stop();
      await world.stop();
      await database.close();
      rmSync(folder, { recursive: true, force: true });
      remove();
    },
  };
}

/** A certificate of our authority that belongs to no device. Its chain is valid, but its purpose is wrong or it has no record. */
export function strayIdentity(authority: Authority, profile: 'server' | 'device' | 'messaging') {
  const privateKey = newKey();
  const { pem } = authority.issue({ profile, spki: spkiOf(privateKey), commonName: 'stray' });
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: `${pem}${new X509Certificate(authority.issuingDer).toString()}`,
  };
}

/** A device's connection whose frames the test writes. */
export class TestLink {
  readonly socket: WebSocket;
  readonly frames: ServerFrame[] = [];
  readonly opened: Promise<void>;
  /** The HTTP response that refused the upgrade. */
  readonly refused: Promise<{ status: number; headers: Record<string, unknown>; body: string }>;
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(tls: DeviceTls, path = '/link', more: ClientOptions = {}, protocol = SUBPROTOCOL) {
    const url = `wss://localhost:${tls.port}${path}`;
    this.socket = new WebSocket(url, protocol, {
      perMessageDeflate: false,
      createConnection: () => connectTls({ ...tls, ALPNProtocols: ['http/1.1'] }),
      ...more,
    });
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data) => this.frames.push(serverFrameSchema.parse(JSON.parse(data.toString()))));
    this.opened = new Promise((resolve) => this.socket.once('open', () => resolve()));
    this.closed = new Promise((resolve) =>
      this.socket.once('close', (closeCode, reason) => resolve({ code: closeCode, reason: reason.toString() })),
    );
    this.refused = new Promise((resolve) =>
      this.socket.once('unexpected-response', (_request, response) => {
        let body = '';
        response.on('data', (chunk) => (body += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      }),
    );
  }

  send(frame: DeviceFrame): void {
    this.socket.send(JSON.stringify(frame));
  }

  async hello(have: { list?: number; record?: number; approverSet?: number; mail?: true } = {}): Promise<this> {
    await this.opened;
    this.send({ kind: 'hello', agent: 'test', list: 0, record: 0, approverSet: 0, ...have });
    await this.next('address');
    return this;
  }

  /** Waits for the first frame of this kind, or returns it if it has arrived already. */
  async next<K extends ServerFrame['kind']>(kind: K, within = 5_000): Promise<Extract<ServerFrame, { kind: K }>> {
    const deadline = Date.now() + within;
    for (;;) {
      const found = this.frames.find((frame): frame is Extract<ServerFrame, { kind: K }> => frame.kind === kind);
      if (found) return found;
      if (Date.now() > deadline)
        throw new Error(`no ${kind} came; ${this.frames.map((frame) => frame.kind).join(' ')}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** Sends an HTTPS request to the device listener. */
export async function ask(
  tls: DeviceTls,
  method: string,
  path: string,
  body?: string | Buffer,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: IncomingHttpHeaders; body: string; bytes: Buffer }> {
  const sent = request({ ...tls, path, method, headers, agent: false });
  sent.end(body);
  const [response] = await once(sent, 'response');
  // The server may respond before it has read the whole body.
  sent.on('error', () => undefined);
  const bytes = Buffer.concat(await Array.fromAsync<Buffer>(response));
  return { status: response.statusCode, headers: response.headers, body: bytes.toString('utf8'), bytes };
}

/** Opens a TLS connection. Resolves with the socket, or with the error if the server rejects it within `within` milliseconds. */
export async function handshake(options: DeviceTls & ConnectionOptions, within = 3_000): Promise<TLSSocket | Error> {
  const socket = connectTls(options);
  return new Promise((resolve) => {
    const deadline = setTimeout(() => resolve(new Error('nothing happened')), within);
    const settle = (outcome: TLSSocket | Error) => {
      clearTimeout(deadline);
      resolve(outcome);
    };
    socket.on('error', settle);
    socket.once('close', () => settle(new Error('closed')));
    // In TLS 1.3, the client finishes before the server has verified the client's certificate. The session tickets prove that the server
    // accepted it.
    socket.once('session', () => settle(socket));
  });
}

/** Opens a TCP connection and sends `bytes`, for tests of traffic before TLS. */
export async function tcp(port: number, bytes: Buffer | string): Promise<Socket> {
  const socket = connectTcp(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(bytes);
  return socket;
}
