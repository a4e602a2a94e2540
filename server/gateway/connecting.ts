/**
 * From the upgrade to the welcome: who is there, where from, and whether orders let it in. Identity is the peer's certificate, looked up each
 * time; evidence of address and verdicts are the domain modules', which it asks.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { CordonError } from '../../shared/errors.ts';
import { type DeviceFrame, LINK_PATH, MAX_FRAME_FROM_DEVICE, SUBPROTOCOL } from '../../shared/protocol/frames.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import type { Identity } from '../devices/identify.ts';
import type { Sighted } from '../devices/ports.ts';
import type { Monitor } from '../monitoring/monitor.ts';
import { identify } from './identity.ts';
import type {
  CommandsPort,
  DevicesPort,
  JurisdictionPort,
  NamesPort,
  OrdersPort,
  RestorationPort,
  TimekeepingPort,
} from './ports.ts';
import type { Pushing } from './pushing.ts';
import { type Answer, denialOf, refuseUpgrade } from './refusals.ts';
import { DeviceSession, type SessionHandlers } from './session.ts';
import type { Sessions } from './sessions.ts';

export interface Connecting {
  /** Throws the reason why not, or has refused it already when orders do. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
  welcome(session: DeviceSession, hello: Extract<DeviceFrame, { kind: 'hello' }>): Promise<void>;
  /** A device that polls because it may not connect is seen all the same, and told so: it may have crossed a border. */
  sighted(
    identity: Identity,
    request: IncomingMessage,
    held: Sighted['held'],
  ): Promise<{
    readonly time: Instant;
    readonly areas: readonly string[];
    /** After a restore: what it is asked for. */
    readonly recall: 'documents' | 'facts' | null;
  } | null>;
  /**
   * A socket of the device has ended, or did not become a session: what its address says ages from now on. Another that is here or on its way in
   * has been seen since, and its end says so in its turn.
   */
  gone(device: Pick<Identity, 'device' | 'generation'>, address: string | null): Promise<void>;
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
  readonly restoration: RestorationPort;
  readonly sessions: Sessions;
  readonly push: Pushing;
  /** Another IP database may have been taken since the upgrade. */
  readonly relocate: (session: DeviceSession) => Promise<void>;
  readonly monitor: Pick<Monitor, 'connected' | 'connectionRefused'>;
  readonly handlers: () => SessionHandlers;
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly stream: Duplex;
  readonly head: Buffer;
  /** The version of the list that the device says it has. */
  readonly list: number;
}

/** The version of the list that the device says it has. */
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

export function createConnecting(ports: Ports): Connecting {
  const { installation, operatorUrl, addressOf, devices, commands, jurisdiction, orders, clock, sessions, push } =
    ports;
  const { relocate, timekeeping, restoration } = ports;
  const time = () => ({ time: clock.now(), ...(timekeeping.trusted() ? {} : { doubtful: true as const }) });
  const upgrader = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_FRAME_FROM_DEVICE,
    perMessageDeflate: false,
    handleProtocols: () => SUBPROTOCOL,
  });

  /** Lets the device in, or returns its refusal by an order. The peer may be gone meanwhile, or speak no WebSocket: then it does neither. */
  async function letIn(identity: Identity, address: string | null, { request, stream, head, list }: Upgrade) {
    const { device, generation } = identity;
    // The address is evidence before it is asked about: a device that has just arrived must not be judged by where it was.
    const { use } = jurisdiction.currentIpDatabase();
    const areas = await jurisdiction.observeAddress(device, generation, address, true);
    const { management } = (orders.cachedVerdict(device) ?? (await orders.verdict(device))).services;
    if (!management.allowed) {
      await devices.sighted({ device, generation, address, held: null });
      const current = orders.currentList();
      const recall = restoration.asks(device, { list, root: 0 });
      const newer = current && current.version > list && !restoration.holding() ? current.envelope : null;
      const told = { list: newer, withheld: orders.withheld(), address: { ...time(), areas }, recall };
      return denialOf(management, told, operatorUrl, Math.random());
    }
    if (stream.destroyed) return null;
    upgrader.handleUpgrade(request, stream, head, (socket: WebSocket) => {
      sessions.add(new DeviceSession(identity, { address, areas, use }, { socket, stream }, ports.handlers()));
    });
    return null;
  }

  async function gone({ device, generation }: Pick<Identity, 'device' | 'generation'>, address: string | null) {
    if (!sessions.present(device)) await jurisdiction.observeAddress(device, generation, address, false);
  }

  return {
    async upgrade(request, stream, head) {
      const list = requireProtocol(request);
      const identity = await identify(devices, stream, restoration);
      ports.names.seen(request.headers.host);
      const address = addressOf(request);
      const arrived = sessions.arriving(identity.device);
      let refusal: (Answer & { readonly body: string }) | null;
      try {
        refusal = await letIn(identity, address, { request, stream, head, list });
      } finally {
        arrived();
        await gone(identity, address);
      }
      if (!refusal) return;
      ports.monitor.connectionRefused({ device: identity.device, address, code: 'service_denied' });
      refuseUpgrade(stream, refusal);
    },

    async welcome(session, hello) {
      const { device, generation, address } = session;
      const { epoch, reportsThrough, held } = await devices.connected({
        device,
        generation,
        address,
        agent: hello.agent,
      });
      session.epoch = epoch;
      if (hello.wall !== undefined) timekeeping.deviceSays(device, hello.wall);
      // It went away meanwhile, and when it did there was no epoch to close.
      if (!session.open) return devices.disconnected({ device, epoch });
      session.reports = reportsThrough;
      session.confirmed = reportsThrough;
      // A device that is ahead of us was given something in our name: it is sent ours all the same, and refuses it with an alarm.
      session.list = hello.list > (orders.currentList()?.version ?? 0) ? 0 : hello.list;
      session.storedList = hello.list;
      session.knew = { list: hello.list, root: hello.root };
      session.record = hello.record;
      session.root = hello.root;
      // While it was refused it got what is newer by plain HTTPS, and nobody has told us so yet.
      const { list, record: has, root } = hello;
      if (list !== held.list || has !== held.record || root !== held.root) session.had = { list, record: has, root };
      sessions.enter(session);
      ports.monitor.connected({ device, address, agent: hello.agent });
      const [record, queued] = await Promise.all([orders.record(device), commands.pendingFor(device, generation)]);
      session.together(() => {
        session.send({
          kind: 'welcome',
          ...time(),
          installation,
          device,
          generation,
          list: orders.currentList()?.version ?? 0,
          record: record?.version ?? 0,
          root: orders.rootVersion(),
          reports: reportsThrough,
        });
        push.recall(session);
        push.documents(session, record);
        session.send({ kind: 'address', ...time(), areas: [...session.areas] });
        push.queued(session, queued);
        session.timeCorrections = hello.wall !== undefined;
        push.correction(session);
      });
      session.welcomed = true;
      await relocate(session);
    },

    async sighted({ device, generation }, request, held) {
      if (sessions.live(device)) return null;
      const address = addressOf(request);
      const areas = await jurisdiction.observeAddress(device, generation, address, true);
      await gone({ device, generation }, address);
      await devices.sighted({ device, generation, address, held });
      const recall = held && restoration.asks(device, held);
      return { ...time(), areas, recall };
    },
    gone,
  };
}
