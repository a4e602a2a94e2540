/**
 * Connections of devices, from the WebSocket upgrade to the welcome frame. At each upgrade, the server looks up the certificate in the
 * store and records the device's address as evidence. The server refuses a device whose service `management` is suspended.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { CordonError } from '../../shared/errors.ts';
import { type DeviceFrame, LINK_PATH, MAX_FRAME_FROM_DEVICE, SUBPROTOCOL } from '../../shared/protocol/frames.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import type { Identity } from '../devices/identity.ts';
import type { Contact } from '../devices/ports.ts';
import type { Monitor } from '../monitoring/monitor.ts';
import type { Delivery } from './delivery.ts';
import type { DeviceUpgrades } from './device-upgrades.ts';
import { identify } from './identity.ts';
import type { LostModeDelivery } from './lost-mode-delivery.ts';
import type { NameDelivery } from './name-delivery.ts';
import type { PolicyDelivery } from './policy-delivery.ts';
import type {
  CommandsPort,
  DevicesPort,
  JurisdictionPort,
  NamesPort,
  OrdersPort,
  RecoveryPort,
  TimekeepingPort,
} from './ports.ts';
import { denialOf, type HttpResponse, refuseUpgrade } from './refusals.ts';
import { DeviceSession, type SessionHandlers } from './session.ts';
import type { Sessions } from './sessions.ts';

export interface Connections {
  /**
   * Handles a WebSocket upgrade. Throws the reason for a refusal. If an order is the reason, sends the refusal itself and does not throw.
   */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
  welcome(session: DeviceSession, hello: Extract<DeviceFrame, { kind: 'hello' }>): Promise<void>;
  /**
   * Records location evidence from a suspended device, which sends it over HTTPS. The response contains the device's current areas, because
   * the device may have moved.
   */
  recordContact(
    identity: Identity,
    request: IncomingMessage,
    versions: Contact['versions'],
  ): Promise<{
    readonly time: Instant;
    readonly areas: readonly string[];
    /**
     * Request of a restored server: `documents` for all signed documents on the device, `facts` for only the device record and the newest
     * ledger checkpoint; null for no request.
     */
    readonly recall: 'documents' | 'facts' | null;
  } | null>;
  /**
   * Ends the location evidence from the device's address, after the device's socket closed or the upgrade failed. The evidence remains
   * valid while the device has another open socket.
   */
  endAddressEvidence(device: Pick<Identity, 'device' | 'generation'>, address: string | null): Promise<void>;
}

interface Ports {
  readonly installation: string;
  readonly operatorUrl: string | null;
  readonly addressOf: (request: IncomingMessage) => string | null;
  readonly devices: DevicesPort;
  readonly commands: CommandsPort;
  readonly jurisdiction: JurisdictionPort;
  readonly orders: OrdersPort;
  readonly clock: Clock;
  readonly timekeeping: TimekeepingPort;
  readonly names: NamesPort;
  readonly recovery: RecoveryPort;
  readonly sessions: Pick<Sessions, 'add' | 'enter' | 'live'>;
  readonly upgrades: DeviceUpgrades;
  readonly push: Delivery;
  readonly policyDelivery: Pick<PolicyDelivery, 'begin'>;
  readonly lostModeDelivery: Pick<LostModeDelivery, 'begin'>;
  readonly nameDelivery: Pick<NameDelivery, 'begin'>;
  readonly relocate: (session: DeviceSession) => Promise<void>;
  readonly monitor: Pick<Monitor, 'connected' | 'connectionRefused'>;
  readonly handlers: () => SessionHandlers;
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly stream: Duplex;
  readonly head: Buffer;
  readonly list: number;
}

/**
 * Reads from the upgrade request which version of the order list the device has. Throws `not_found` for another path, and `invalid_input`
 * if the request does not offer the protocol `cordon.v1`.
 */
function requireProtocol(request: IncomingMessage): number {
  const [path, query] = (request.url ?? '/').split('?', 2);
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  if (path !== LINK_PATH) throw new CordonError('not_found', `The link is at ${LINK_PATH}.`);
  if (!offered.includes(SUBPROTOCOL)) {
    throw new CordonError('invalid_input', `The link speaks the subprotocol ${SUBPROTOCOL}; update the agent.`);
  }
  const list = Number(new URLSearchParams(query).get('list') ?? 0);
  return Number.isSafeInteger(list) && list >= 0 ? list : 0;
}

function createWelcome(ports: Ports, time: () => { readonly time: Instant; readonly doubtful?: true }) {
  const { installation, devices, commands, orders, sessions, push, relocate, timekeeping, monitor } = ports;
  return async (session: DeviceSession, hello: Extract<DeviceFrame, { kind: 'hello' }>): Promise<void> => {
    const { device, generation, address } = session;
    const { epoch, reportsThrough, reportedVersions } = await devices.connected({
      device,
      generation,
      address,
      agent: hello.agent,
    });
    session.enter(epoch);
    if (hello.mail) session.takeMail();
    if (hello.inventory) session.takeInventorySections();
    if (hello.jobs) session.acceptJobs();
    if (hello.queries) session.acceptQueries();
    session.acceptCommands(hello);
    await commands.join(device);
    if (hello.wall !== undefined) timekeeping.noteDeviceTime(device, hello.wall);
    // The device disconnected while the server was opening the session. Record the end here, because the close handler could not: the
    // session had no number yet.
    if (!session.open) return devices.disconnected({ device, epoch });
    const versions = { list: hello.list, record: hello.record, approverSet: hello.approverSet };
    session.documents.begin(versions, orders.list.current()?.version ?? 0);
    session.acknowledgments.begin(reportsThrough, versions, reportedVersions);
    sessions.enter(session);
    monitor.connected({ agent: hello.agent });
    const [version, queued] = await Promise.all([
      orders.effect.recordVersion(device),
      commands.pendingFor(device, generation),
    ]);
    const record = version === hello.record ? null : await orders.effect.record(device);
    session.frames.sendTogether(() => {
      session.frames.send({
        kind: 'welcome',
        ...time(),
        installation,
        device,
        generation,
        list: orders.list.current()?.version ?? 0,
        record: record?.version ?? version,
        approverSet: orders.approverSets.version(),
        reports: reportsThrough,
      });
      push.recall(session);
      push.documents(session, record);
      session.frames.send({ kind: 'address', ...time(), areas: [...session.areas] });
      push.queued(session, queued);
      if (hello.wall !== undefined) session.documents.acceptCorrections();
      push.correction(session);
      push.inventorySections(session);
    });
    session.welcome();
    if (hello.lostMode !== undefined) await ports.lostModeDelivery.begin(session, hello.lostMode);
    if (hello.name !== undefined) await ports.nameDelivery.begin(session, hello.name);
    if (hello.policy !== undefined) await ports.policyDelivery.begin(session, hello.policy);
    await relocate(session);
  };
}

export function createConnections(ports: Ports): Connections {
  const { operatorUrl, addressOf, devices, jurisdiction, orders, clock, sessions, upgrades, timekeeping, recovery } =
    ports;
  const time = () => ({ time: clock.now(), ...(timekeeping.trusted() ? {} : { doubtful: true as const }) });
  const upgrader = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_FRAME_FROM_DEVICE,
    perMessageDeflate: false,
    handleProtocols: () => SUBPROTOCOL,
  });

  /** Returns a refusal if an order blocks the device. Returns undefined if the peer disconnects or does not speak WebSocket. */
  async function admit(identity: Identity, address: string | null, { request, stream, head, list }: Upgrade) {
    const { device, generation } = identity;
    // Record the new address before the verdict is computed. Otherwise the verdict would use the device's old location.
    const { use } = jurisdiction.currentIpDatabase();
    const areas = await jurisdiction.observeAddress(device, generation, address, true);
    const { management } = (orders.effect.cachedVerdict(device) ?? (await orders.effect.verdict(device))).services;
    if (!management.allowed) {
      await devices.recordContact({ device, generation, address, versions: null });
      const current = orders.list.current();
      const recall = recovery.requestFor(device, { list, approverSet: 0 });
      const newer = current && current.version > list && !recovery.withholdsList() ? current.envelope : null;
      const facts = { list: newer, withheld: orders.list.withheld(), address: { ...time(), areas }, recall };
      return denialOf(management, facts, operatorUrl, Math.random());
    }
    if (stream.destroyed) return null;
    upgrader.handleUpgrade(request, stream, head, (socket: WebSocket) => {
      sessions.add(new DeviceSession(identity, { address, areas, use }, { socket, stream }, ports.handlers()));
    });
    return null;
  }

  async function endAddressEvidence(
    { device, generation }: Pick<Identity, 'device' | 'generation'>,
    address: string | null,
  ) {
    if (!upgrades.isConnected(device)) await jurisdiction.observeAddress(device, generation, address, false);
  }

  return {
    async upgrade(request, stream, head) {
      const list = requireProtocol(request);
      const identity = await identify(devices, stream, recovery);
      ports.names.record(request.headers.host);
      const address = addressOf(request);
      const ended = upgrades.begin(identity.device);
      let refusal: (HttpResponse & { readonly body: string }) | null;
      try {
        refusal = await admit(identity, address, { request, stream, head, list });
      } finally {
        ended();
        await endAddressEvidence(identity, address);
      }
      if (!refusal) return;
      ports.monitor.connectionRefused({ device: identity.device, address, code: 'service_denied' });
      refuseUpgrade(stream, refusal);
    },

    welcome: createWelcome(ports, time),
    async recordContact({ device, generation }, request, versions) {
      if (sessions.live(device)) return null;
      const address = addressOf(request);
      const areas = await jurisdiction.observeAddress(device, generation, address, true);
      await endAddressEvidence({ device, generation }, address);
      await devices.recordContact({ device, generation, address, versions });
      const recall = versions && recovery.requestFor(device, versions);
      return { ...time(), areas, recall };
    },
    endAddressEvidence,
  };
}
