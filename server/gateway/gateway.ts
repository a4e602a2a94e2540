/**
 * The device listener: who may connect, one session a device, and what is pushed to whom. Identity is the peer's certificate, looked up
 * at every upgrade and request; evidence of address, verdicts, commands and lists are the domain modules', which it asks.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import {
  CLOSE,
  type DeviceFrame,
  HELLO_WITHIN,
  LINK_PATH,
  MAX_FRAME_FROM_DEVICE,
  PING_EVERY,
  type ServerFrame,
  SUBPROTOCOL,
} from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus, Wake } from '../bus/bus.ts';
import type { Identity } from '../devices/identify.ts';
import { createDeviceHttp, type DeviceHttpPorts } from './device-http.ts';
import { createDispatch } from './dispatch.ts';
import { identify } from './identity.ts';
import type { CommandsPort, DevicesPort, JurisdictionPort, Log, OrdersPort, RelayPort } from './ports.ts';
import { denialOf, refusalOf, refuseUpgrade } from './refusals.ts';
import { DeviceSession } from './session.ts';
import { Sessions } from './sessions.ts';
import { createTlsListener, type TlsListener } from './tls-listener.ts';

const HOUR = 3_600_000;
/** How long a device that is being denied `management` has to store the list and send its receipt. Real time. */
const LEAVE_WITHIN = 5_000;
/** Every so many heartbeats a session asks the store what waits, in case a wake was lost. */
const RECONCILE_EVERY = 10;

export interface GatewayOptions {
  /** Server key and chain, and whom client certificates are checked against; PEM. */
  readonly tls: { readonly key: string; readonly cert: string; readonly ca: readonly string[] };
  readonly proxyFrom: readonly string[];
  readonly installation: string;
  readonly operatorUrl: string | null;
}

export interface GatewayPorts {
  readonly devices: DevicesPort;
  readonly commands: CommandsPort;
  readonly jurisdiction: JurisdictionPort;
  readonly orders: OrdersPort;
  readonly reenrol: DeviceHttpPorts['reenrol'];
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Gateway {
  readonly listener: TlsListener;
  listen(bind: string, port: number): Promise<number>;
  /** For the relay: false when the device has no live session here. */
  deliver(device: DeviceId, frame: ServerFrame): boolean;
  /** The relay is made after the gateway, since it delivers through it. */
  attachRelay(relay: RelayPort): void;
  connections(): number;
  stop(): Promise<void>;
}

export function createGateway(options: GatewayOptions, ports: GatewayPorts): Gateway {
  const { devices, commands, jurisdiction, orders, bus, clock, log } = ports;
  const sessions = new Sessions();
  let relay: RelayPort | null = null;
  let stopping = false;

  const listener = createTlsListener(
    { ...options.tls, ca: [...options.tls.ca], requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' },
    options.proxyFrom,
    createDeviceHttp({ devices, orders, reenrol: ports.reenrol, sighted, log }),
  );
  const upgrader = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_FRAME_FROM_DEVICE,
    perMessageDeflate: false,
    handleProtocols: () => SUBPROTOCOL,
  });

  // --- connecting ---------------------------------------------------------------------------------------------------

  function requireProtocol(request: IncomingMessage): number {
    const url = new URL(request.url ?? '/', 'https://device');
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (url.pathname !== LINK_PATH) throw new CordonError('not_found', `The link is at ${LINK_PATH}.`);
    if (!offered.includes(SUBPROTOCOL)) {
      throw new CordonError('invalid_input', `The link speaks the subprotocol ${SUBPROTOCOL}; update the agent.`);
    }
    const list = Number(url.searchParams.get('list') ?? 0);
    return Number.isSafeInteger(list) && list >= 0 ? list : 0;
  }

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    if (stopping) throw new CordonError('unavailable', 'The server is shutting down.', { retryAfter: 2 });
    const list = requireProtocol(request);
    const identity = await identify(devices, socket);
    const { device, generation } = identity;
    const address = listener.addressOf(request);
    // The address is evidence before it is asked about: a device that has just arrived must not be judged by where it was.
    const areas = await jurisdiction.observeAddress(device, generation, address, true);
    const { management } = (orders.cachedVerdict(device) ?? (await orders.verdict(device))).services;
    if (!management.allowed) {
      if (!sessions.live(device)) await jurisdiction.observeAddress(device, generation, address, false);
      const current = orders.currentList();
      const newer = current && current.version > list ? current.envelope : null;
      const told = { list: newer, address: { time: clock.now(), areas } };
      return refuseUpgrade(socket, denialOf(management, told, options.operatorUrl, Math.random()));
    }
    if (socket.destroyed) return;
    upgrader.handleUpgrade(request, socket, head, (ws) => opened(identity, address, areas, ws));
  }

  /** A device that polls because it may not connect is seen all the same, and told so: it may have crossed a border. */
  async function sighted({ device, generation }: Identity, request: IncomingMessage) {
    if (sessions.live(device)) return null;
    const address = listener.addressOf(request);
    const areas = await jurisdiction.observeAddress(device, generation, address, true);
    if (!sessions.live(device)) await jurisdiction.observeAddress(device, generation, address, false);
    return { time: clock.now(), areas };
  }

  const areasOf = new WeakMap<DeviceSession, readonly string[]>();

  function opened(identity: Identity, address: string | null, areas: readonly string[], ws: WebSocket): void {
    const session = new DeviceSession(identity, address, ws, handlers);
    areasOf.set(session, areas);
    sessions.add(session);
  }

  async function welcome(session: DeviceSession, hello: Extract<DeviceFrame, { kind: 'hello' }>): Promise<void> {
    const { device, generation, address } = session;
    const { epoch, reportsThrough } = await devices.connected({ device, generation, address, agent: hello.agent });
    session.epoch = epoch;
    session.reports = reportsThrough;
    session.confirmed = reportsThrough;
    // A device that is ahead of us was given something in our name: it is sent ours all the same, and refuses it with an alarm.
    session.list = hello.list > (orders.currentList()?.version ?? 0) ? 0 : hello.list;
    session.storedList = hello.list;
    session.record = hello.record;
    session.root = hello.root;
    sessions.enter(session);
    const record = await orders.record(device);
    session.send({
      kind: 'welcome',
      time: clock.now(),
      installation: options.installation,
      device,
      generation,
      list: orders.currentList()?.version ?? 0,
      record: record?.version ?? 0,
      root: orders.rootVersion(),
      reports: reportsThrough,
    });
    pushRoots(session);
    if (record && record.version !== session.record) {
      session.record = record.version;
      session.send({ kind: 'record', envelope: record.envelope });
    }
    pushList(session, encodedList());
    session.send({ kind: 'address', time: clock.now(), areas: [...(areasOf.get(session) ?? [])] });
    areasOf.delete(session);
    await pushCommands(session);
  }

  // --- pushing ------------------------------------------------------------------------------------------------------

  function pushRoots(session: DeviceSession): void {
    const newest = orders.rootVersion();
    if (newest <= session.root) return;
    session.send({ kind: 'roots', envelopes: [...orders.roots()].slice(session.root) });
    session.root = newest;
  }

  /** The list is the same for everyone: encoded once a version. */
  let encoded: { readonly version: number; readonly frame: Buffer } | null = null;
  function encodedList(): { readonly version: number; readonly frame: Buffer } | null {
    const current = orders.currentList();
    if (!current) return null;
    if (encoded?.version !== current.version) {
      const frame: ServerFrame = { kind: 'list', envelope: current.envelope };
      encoded = { version: current.version, frame: Buffer.from(JSON.stringify(frame)) };
    }
    return encoded;
  }

  function pushList(session: DeviceSession, list: ReturnType<typeof encodedList>): void {
    if (!list || session.epoch === 0 || session.list >= list.version) return;
    pushRoots(session);
    session.list = list.version;
    session.sendEncoded(list.frame);
  }

  async function pushRecord(session: DeviceSession): Promise<void> {
    const record = await orders.record(session.device);
    if (!record || record.version <= session.record) return;
    session.record = record.version;
    session.send({ kind: 'record', envelope: record.envelope });
  }

  async function pushCommands(session: DeviceSession): Promise<void> {
    for (const { id, command, expiresAt } of await commands.pendingFor(session.device, session.generation)) {
      if (session.sent?.has(id)) continue;
      session.sent ??= new Set();
      session.sent.add(id);
      session.send({ kind: 'command', id, command, expires: expiresAt });
    }
  }

  let fanning = false;
  let fanAgain = false;
  /** One at a time; a list that changes meanwhile is fanned out again, and whoever has got the newer one is passed over. */
  async function fanOutList(): Promise<void> {
    fanAgain = true;
    if (fanning) return;
    fanning = true;
    try {
      while (fanAgain) {
        fanAgain = false;
        // After the wakes that came with it: those of the devices that an order reaches go first.
        await new Promise(setImmediate);
        await sessions.each((session) => pushList(session, encodedList()));
      }
    } finally {
      fanning = false;
    }
  }

  // --- leaving ------------------------------------------------------------------------------------------------------

  /** The verdict may have changed: a device that `management` is denied to gets the list, sends its receipt, and is closed. */
  async function reconsider(device: DeviceId): Promise<void> {
    const session = sessions.live(device);
    if (!session || session.epoch === 0 || session.leaving) return;
    pushList(session, encodedList());
    const { management } = (await orders.verdict(device)).services;
    if (management.allowed) return;
    session.leaving = true;
    const reason = `order ${management.denials.map(({ order }) => order).join(', ')}`.slice(0, 120);
    const deadline = setTimeout(() => session.end(CLOSE.denied, reason), LEAVE_WITHIN);
    deadline.unref();
    leaving.set(session, { reason, deadline, receipts: session.receipts });
    leaveIfDone(session);
  }

  const leaving = new WeakMap<DeviceSession, { reason: string; deadline: NodeJS.Timeout; receipts: number }>();

  function leaveIfDone(session: DeviceSession): void {
    const state = leaving.get(session);
    const current = orders.currentList();
    if (!state || (current && session.storedList < current.version) || session.receipts <= state.receipts) return;
    clearTimeout(state.deadline);
    leaving.delete(session);
    session.end(CLOSE.denied, state.reason);
  }

  /** Trust has changed: whoever holds a ticket does a full handshake next time, whatever the ticket says. */
  function revoked(device: DeviceId): void {
    listener.server.setTicketKeys(randomBytes(48));
    for (const session of sessions.of(device)) session.end(CLOSE.revoked, 'revoked');
  }

  // --- sessions' own events -----------------------------------------------------------------------------------------

  const handlers = {
    frame: createDispatch({
      devices,
      commands,
      jurisdiction,
      orders,
      relay: {
        send: (from, datagram) => {
          if (!relay) throw new CordonError('unavailable', 'The server is starting; try again.');
          return relay.send(from, datagram);
        },
        answered: (by, id, denial) => relay?.answered(by, id, denial),
      },
      log,
      welcome,
    }),
    async idle(session: DeviceSession): Promise<void> {
      if (session.reports > session.confirmed) {
        await devices.seen(session, { reports: session.reports });
        session.confirmed = session.reports;
        session.send({ kind: 'reports-stored', through: session.reports });
      }
      if (session.leaving) leaveIfDone(session);
    },
    closed(session: DeviceSession): void {
      const wasLive = sessions.live(session.device) === undefined;
      sessions.remove(session);
      const { device, generation, address, epoch } = session;
      if (epoch === 0) return;
      const gone = async () => {
        await devices.disconnected({ device, epoch });
        if (wasLive && !sessions.live(device)) await jurisdiction.observeAddress(device, generation, address, false);
      };
      gone().catch((error: unknown) => log.error({ device, error: String(error) }, 'a disconnection was not recorded'));
    },
    failed(session: DeviceSession, error: unknown): void {
      if (!isCordonError(error)) {
        log.error(
          { device: session.device, error: error instanceof Error ? error.stack : String(error) },
          'a frame failed',
        );
        session.end(1011, 'internal');
      } else if (error.code === 'certificate_revoked' || error.code === 'certificate_superseded') {
        session.end(CLOSE.revoked, error.code);
      } else if (error.code === 'frame_malformed') {
        log.warn({ device: session.device, detail: error.message }, 'a device broke the protocol');
        session.end(CLOSE.malformed, error.code);
      } else {
        log.warn({ device: session.device, code: error.code, detail: error.message }, 'a session ended');
        session.end(1011, error.code);
      }
    },
  };

  // --- wakes and timers ---------------------------------------------------------------------------------------------

  const logged = (what: string) => (error: unknown) => {
    if (isCordonError(error, 'device_unknown')) return;
    log.error({ what, error: error instanceof Error ? error.stack : String(error) }, 'a wake was not carried out');
  };

  async function hear(wake: Wake): Promise<void> {
    switch (wake.kind) {
      case 'ended':
        return revoked(wake.device);
      case 'opened':
        return sessions.fence(wake.device, wake.epoch);
      case 'list':
        return fanOutList();
      case 'device': {
        const session = sessions.live(wake.device);
        return session && pushRecord(session);
      }
      case 'commands':
        // All of them ask in the same turn of the loop, so that the store is read once.
        await Promise.all(
          wake.devices.map(async (device) => {
            const session = sessions.live(device);
            if (session) await pushCommands(session);
          }),
        );
        return;
      case 'verdicts':
        for (const [index, device] of wake.devices.entries()) {
          await reconsider(device);
          // Verdicts that are cached resolve without a turn of the loop.
          if (index % 256 === 255) await new Promise(setImmediate);
        }
    }
  }

  let beats = 0;
  async function beat(): Promise<void> {
    beats += 1;
    const reconcile = beats % RECONCILE_EVERY === 0;
    await sessions.each((session) => {
      if (!session.alive) return session.terminate();
      session.ping();
      pushList(session, encodedList());
      if (!reconcile || session.epoch === 0) return;
      session.sent = null;
      Promise.all([pushRecord(session), pushCommands(session)]).catch(logged('reconcile'));
    });
  }

  function endSilent(): void {
    const since = Date.now() - HELLO_WITHIN;
    for (const session of sessions.all()) {
      if (session.epoch === 0 && session.openedAt < since) session.end(CLOSE.timeout, 'no_hello');
    }
  }

  let cancelTime: () => void = () => undefined;
  function tellTime(): void {
    const frame = JSON.stringify({ kind: 'time', time: clock.now() } satisfies ServerFrame);
    void sessions.each((session) => {
      if (session.epoch > 0) session.sendEncoded(frame);
    });
    cancelTime = clock.at(clock.now() + HOUR, tellTime);
  }

  const stops: (() => void)[] = [];

  listener.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    upgrade(request, socket, head).catch((error: unknown) => {
      if (!isCordonError(error)) log.error({ error: String(error) }, 'an upgrade failed');
      refuseUpgrade(socket, refusalOf(error));
    });
  });

  return {
    listener,
    listen: async (bind, port) => {
      stops.push(bus.subscribe((wake) => void hear(wake).catch(logged(wake.kind))));
      const heart = setInterval(() => void beat().catch(logged('heartbeat')), PING_EVERY);
      const silence = setInterval(endSilent, 1_000);
      stops.push(
        () => clearInterval(heart),
        () => clearInterval(silence),
      );
      cancelTime = clock.at(clock.now() + HOUR, tellTime);
      return listener.listen(bind, port);
    },
    deliver: (device, frame) => {
      const session = sessions.live(device);
      if (!session || session.epoch === 0) return false;
      session.send(frame);
      return true;
    },
    attachRelay: (made) => {
      relay = made;
    },
    connections: () => sessions.size,
    stop: async () => {
      stopping = true;
      cancelTime();
      for (const stop of stops) stop();
      await sessions.each((session) => session.end(CLOSE.goingAway, 'going_away'));
      // Close frames need a moment on the wire; whoever does not answer is cut off by `close`.
      for (let waited = 0; sessions.size > 0 && waited < 500; waited += 25) {
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      await listener.close();
    },
  };
}
