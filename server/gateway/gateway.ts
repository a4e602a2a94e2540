/**
 * The device listener: puts connecting, pushing and leaving together, and carries wakes and heartbeats to the sessions. One session a device.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { CLOSE, HELLO_WITHIN, PING_EVERY, type ServerFrame } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus, Wake } from '../bus/bus.ts';
import type { Monitor } from '../monitoring/monitor.ts';
import { DEVICE_LIMITS } from './admission.ts';
import { createConnecting } from './connecting.ts';
import { createDeviceHttp } from './device-http.ts';
import { createDispatch } from './dispatch.ts';
import { Interests } from './interests.ts';
import { createLeaving } from './leaving.ts';
import { createMailing } from './mailing.ts';
import { membershipRoutes } from './membership-routes.ts';
import {
  type CommandsPort,
  type DevicesPort,
  type JurisdictionPort,
  type LedgerPort,
  type Log,
  type MembershipPort,
  type NamesPort,
  NOT_RESTORED,
  type OrdersPort,
  type RelayPort,
  type RestorationPort,
  type TimekeepingPort,
} from './ports.ts';
import { createPushing } from './pushing.ts';
import { refusalOf, refuseUpgrade } from './refusals.ts';
import { createRelocating } from './relocating.ts';
import { FILE_PATIENCE, sealedRoutes } from './sealed-routes.ts';
import { type ServiceRoutesPorts, serviceRoutes } from './service-routes.ts';
import type { DeviceSession, SessionHandlers } from './session.ts';
import { Sessions } from './sessions.ts';
import { createTlsListener, type ListenerBounds, type TlsListener } from './tls-listener.ts';

const HOUR = 3_600_000;
/** Upgrades under way. A device beyond that is asked to come again, at a time of its own. */
const MOST_UPGRADES = 2_048;
const COME_AGAIN = { least: 2, spread: 20 };
/** Every so many heartbeats a session asks the store what waits, in case a wake was lost. */
const RECONCILE_EVERY = 10;

export interface GatewayOptions {
  /** Server key and chain, and whom client certificates are checked against; PEM. */
  readonly tls: { readonly key: string; readonly cert: string; readonly ca: readonly string[] };
  readonly proxyFrom: readonly string[];
  readonly proxyRequired?: boolean;
  readonly installation: string;
  readonly operatorUrl: string | null;
  /** For tests. */
  readonly mostUpgrades?: number;
  readonly bounds?: ListenerBounds;
}

export interface GatewayPorts {
  readonly devices: DevicesPort;
  readonly commands: CommandsPort;
  readonly jurisdiction: JurisdictionPort;
  readonly orders: OrdersPort;
  readonly relay: RelayPort;
  readonly membership: MembershipPort;
  readonly ledger: LedgerPort;
  readonly reenrol: ServiceRoutesPorts['reenrol'];
  readonly bus: Bus;
  readonly clock: Clock;
  readonly timekeeping: TimekeepingPort;
  readonly names: NamesPort;
  /** Left out: this server was not restored. */
  readonly restoration?: RestorationPort;
  readonly log: Log;
  readonly monitor: Monitor;
}

export interface Gateway {
  readonly listener: TlsListener;
  listen: TlsListener['listen'];
  connections(): number;
  /** How far those who are connected have been located anew by another IP database; null: all are. */
  relocating(): { readonly done: number; readonly of: number } | null;
  stop(): Promise<void>;
}

export function createGateway(options: GatewayOptions, ports: GatewayPorts): Gateway {
  const { devices, commands, jurisdiction, orders, relay, bus, clock, log, monitor } = ports;
  const { restoration = NOT_RESTORED } = ports;
  const sessions = new Sessions();
  const interests = new Interests();
  let stopping = false;

  const listener = createTlsListener(
    {
      ...{ ...options.tls, ca: [...options.tls.ca] },
      ...{ requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' },
      // The longest that any body may take; each route has its own bound.
      requestTimeout: FILE_PATIENCE.whole,
      proxyRequired: options.proxyRequired ?? false,
    },
    options.proxyFrom,
    options.bounds ?? { admission: DEVICE_LIMITS },
    createDeviceHttp({
      devices,
      names: ports.names,
      restoration,
      routes: [
        ...serviceRoutes({
          devices,
          orders,
          restoration,
          reenrol: ports.reenrol,
          correction: () => ports.timekeeping.correction(),
          sighted: (...seen) => connecting.sighted(...seen),
        }),
        ...membershipRoutes({ membership: ports.membership, ledger: ports.ledger, sessions, interests }),
        ...sealedRoutes(relay),
      ],
      operatorUrl: options.operatorUrl,
      log,
    }),
    (failure) => monitor.tlsFailure({ listener: 'device', ...failure }),
  );
  const push = createPushing({ orders, commands, sessions, timekeeping: ports.timekeeping, restoration });
  const mailing = createMailing({ relay, sessions, log });
  const { reconsider, leaveIfDone } = createLeaving({ orders, sessions, push });
  const relocating = createRelocating({ jurisdiction, sessions, clock, timekeeping: ports.timekeeping });
  const connecting = createConnecting({
    ...options,
    addressOf: (request) => listener.addressOf(request),
    devices,
    commands,
    jurisdiction,
    orders,
    clock,
    timekeeping: ports.timekeeping,
    names: ports.names,
    sessions,
    push,
    restoration,
    relocate: relocating.relocate,
    monitor,
    handlers: () => handlers,
  });

  /** Trust has changed: whoever holds a ticket does a full handshake next time, whatever the ticket says. */
  function revoked(device: DeviceId): void {
    listener.server.setTicketKeys(randomBytes(48));
    for (const session of sessions.of(device)) session.end(CLOSE.revoked, 'revoked');
  }

  const handlers: SessionHandlers = {
    frame: createDispatch({
      devices,
      commands,
      jurisdiction,
      orders,
      relay,
      mailing,
      log,
      welcome: connecting.welcome,
    }),
    async idle(session: DeviceSession): Promise<void> {
      await session.settled();
      const { had, reports, confirmed } = session;
      session.had = null;
      if (had || reports > confirmed) await devices.seen(session, { ...had, ...(reports > confirmed && { reports }) });
      if (reports > confirmed) {
        session.confirmed = reports;
        session.send({ kind: 'reports-stored', through: reports });
      }
      if (session.leaving) leaveIfDone(session);
    },
    closed(session: DeviceSession): void {
      sessions.remove(session);
      interests.remove(session);
      const { device, address, epoch } = session;
      if (epoch > 0) monitor.disconnected({ device, address, milliseconds: Date.now() - session.openedAt });
      const wasLast = !sessions.present(device);
      const gone = async () => {
        if (epoch > 0) await devices.disconnected({ device, epoch });
        if (wasLast) await connecting.gone(session, address);
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
        return push.fanOutList();
      case 'device': {
        // What is known of it decides what it may have.
        mailing.wake(wake.device);
        const session = sessions.live(wake.device);
        return session && push.record(session);
      }
      case 'commands':
        // All of them ask in the same turn of the loop, so that the store is read once.
        await Promise.all(
          wake.devices.map(async (device) => {
            const session = sessions.live(device);
            if (session) await push.commands(session);
          }),
        );
        return;
      case 'mail':
        for (const device of wake.devices) mailing.wake(device);
        return;
      case 'members':
        for (const person of wake.people) {
          for (const session of interests.in(person)) session.send({ kind: 'members-changed', person });
        }
        return;
      case 'key-packages':
        await Promise.all(wake.devices.map(mailing.fewKeyPackages));
        return;
      case 'time-correction':
        return sessions.each(push.correction);
      case 'ip-database':
        return relocating.look();
      case 'verdicts':
        // In slices: their verdicts are made of one reading of the store, and between slices others have their turn.
        for (let from = 0; from < wake.devices.length; from += 256) {
          const slice = wake.devices.slice(from, from + 256);
          await Promise.all(slice.map(reconsider));
          for (const device of slice) mailing.wake(device);
          await new Promise(setImmediate);
        }
    }
  }

  let beats = 0;
  async function beat(): Promise<void> {
    beats += 1;
    const reconcile = beats % RECONCILE_EVERY === 0;
    if (reconcile) relocating.look().catch(logged('reconcile'));
    await sessions.each((session) => {
      if (!session.alive) return session.terminate();
      session.ping();
      push.recall(session);
      push.list(session);
      if (!reconcile || session.epoch === 0) return;
      session.sent = null;
      mailing.wake(session.device);
      Promise.all([push.record(session), push.commands(session)]).catch(logged('reconcile'));
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
    if (ports.timekeeping.trusted()) {
      const frame = JSON.stringify({ kind: 'time', time: clock.now() } satisfies ServerFrame);
      void sessions.each((session) => {
        if (session.epoch > 0) session.sendEncoded(frame);
      });
    }
    cancelTime = clock.at(clock.now() + HOUR, tellTime);
  }

  const stops: (() => void)[] = [];

  let upgrades = 0;
  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    if (stopping) throw new CordonError('unavailable', 'The server is shutting down.', { retryAfter: 2 });
    if (upgrades >= (options.mostUpgrades ?? MOST_UPGRADES)) {
      const retryAfter = Math.round(COME_AGAIN.least + Math.random() * COME_AGAIN.spread);
      throw new CordonError('unavailable', 'Too many devices connect at this moment. Try again later.', { retryAfter });
    }
    upgrades += 1;
    try {
      await connecting.upgrade(request, socket, head);
    } finally {
      upgrades -= 1;
    }
  }

  listener.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    upgrade(request, socket, head).catch((error: unknown) => {
      if (!isCordonError(error)) log.error({ error: String(error) }, 'an upgrade failed');
      const code = isCordonError(error) ? error.code : 'internal';
      monitor.connectionRefused({ device: null, address: listener.addressOf(request), code });
      refuseUpgrade(socket, refusalOf(error, options.operatorUrl));
    });
  });

  return {
    listener,
    listen: async (...where) => {
      stops.push(bus.subscribe((wake) => void hear(wake).catch(logged(wake.kind))));
      const heart = setInterval(() => void beat().catch(logged('heartbeat')), PING_EVERY);
      const silence = setInterval(endSilent, 1_000);
      stops.push(
        () => clearInterval(heart),
        () => clearInterval(silence),
      );
      cancelTime = clock.at(clock.now() + HOUR, tellTime);
      return listener.listen(...where);
    },
    connections: () => sessions.size,
    relocating: relocating.progress,
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
