/** The device listener. This module connects the parts of the gateway, and starts and stops them. */
import { isCordonError } from '../../shared/errors.ts';
import { CLOSE } from '../../shared/protocol/frames.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import type { Monitor } from '../monitoring/monitor.ts';
import { DEVICE_LIMITS } from './admission.ts';
import { createConnections } from './connections.ts';
import { createDelivery } from './delivery.ts';
import { createDepartures } from './departures.ts';
import { createDeviceHttp } from './device-http.ts';
import { deviceRoutes } from './device-routes.ts';
import { DeviceUpgrades } from './device-upgrades.ts';
import { createDispatch } from './dispatch.ts';
import type { FilesPort } from './file-routes.ts';
import { startHeartbeat } from './heartbeat.ts';
import { Interests } from './interests.ts';
import { createJobDelivery } from './job-delivery.ts';
import type { DeviceLogsPort } from './log-routes.ts';
import { createLostModeDelivery } from './lost-mode-delivery.ts';
import { createMailboxDelivery } from './mailbox-delivery.ts';
import { createNameDelivery } from './name-delivery.ts';
import type { PackagesPort } from './package-routes.ts';
import { createPolicyDelivery } from './policy-delivery.ts';
import {
  type CommandsPort,
  type CompliancePort,
  type DevicePoliciesPort,
  type DevicesPort,
  type InventoryPort,
  type JurisdictionPort,
  type LedgerPort,
  type LiveQueriesPort,
  type Log,
  type LostModePort,
  type MailPort,
  type MembershipPort,
  type NamesPort,
  NOT_RESTORED,
  type OrdersPort,
  type RecoveryPort,
  type RelayPort,
  type ScriptsPort,
  type TimekeepingPort,
} from './ports.ts';
import { createQueryDelivery } from './query-delivery.ts';
import { createRelocation } from './relocation.ts';
import { withScripts } from './script-commands.ts';
import { FILE_DEADLINES } from './sealed-routes.ts';
import type { ServiceRoutesPorts } from './service-routes.ts';
import type { SessionHandlers } from './session.ts';
import { createSessionHandlers } from './session-handlers.ts';
import { Sessions } from './sessions.ts';
import { createSuspension } from './suspension.ts';
import { createTlsListener, type ListenerBounds, type TlsListener } from './tls-listener.ts';
import { acceptUpgrades, MOST_UPGRADES } from './upgrades.ts';
import { createWakeHandler } from './wake-handler.ts';

export interface GatewayOptions {
  /** PEM texts: the server's key, the server's certificate chain, and the CA certificates that issue client certificates. */
  readonly tls: { readonly key: string; readonly cert: string; readonly ca: readonly string[] };
  readonly proxyFrom: readonly string[];
  readonly proxyRequired?: boolean;
  readonly installation: string;
  readonly operatorUrl: string | null;
  readonly mostUpgrades?: number;
  readonly bounds?: ListenerBounds;
}

export interface GatewayPorts {
  readonly devices: DevicesPort;
  readonly commands: CommandsPort;
  readonly liveQueries: LiveQueriesPort;
  readonly lostMode: LostModePort;
  readonly deviceLogs: DeviceLogsPort;
  readonly jurisdiction: JurisdictionPort;
  readonly orders: OrdersPort;
  readonly inventory: InventoryPort;
  readonly devicePolicies: DevicePoliciesPort;
  readonly scripts: ScriptsPort;
  readonly compliance: CompliancePort;
  readonly relay: RelayPort;
  readonly mail: MailPort;
  readonly packages: PackagesPort;
  readonly files: FilesPort;
  readonly membership: MembershipPort;
  readonly ledger: LedgerPort;
  readonly reenroll: ServiceRoutesPorts['reenroll'];
  readonly bus: Bus;
  readonly clock: Clock;
  readonly timekeeping: TimekeepingPort;
  readonly names: NamesPort;
  readonly recovery?: RecoveryPort;
  readonly log: Log;
  readonly monitor: Monitor;
}

export interface Gateway {
  readonly listener: TlsListener;
  listen: TlsListener['listen'];
  connections(): number;
  relocating(): { readonly done: number; readonly of: number } | null;
  stop(): Promise<void>;
}

const tlsOptions = ({ tls, proxyRequired = false }: GatewayOptions) => ({
  ...tls,
  ca: [...tls.ca],
  requestCert: true,
  rejectUnauthorized: true,
  minVersion: 'TLSv1.3' as const,
  // Maximum deadline for a request's body. A route can have a shorter deadline.
  requestTimeout: FILE_DEADLINES.whole,
  proxyRequired,
});

export function createGateway(options: GatewayOptions, ports: GatewayPorts): Gateway {
  const { devices, inventory, jurisdiction, orders, relay, timekeeping, names, bus, clock, log, monitor } = ports;
  const commands = withScripts(ports.commands, ports.scripts);
  const { recovery = NOT_RESTORED } = ports;
  const { operatorUrl } = options;
  const sessions = new Sessions();
  const upgrades = new DeviceUpgrades(sessions);
  const interests = new Interests();

  const listener = createTlsListener(
    tlsOptions(options),
    options.proxyFrom,
    options.bounds ?? { admission: DEVICE_LIMITS },
    createDeviceHttp({
      devices,
      names,
      recovery,
      operatorUrl,
      log,
      routes: deviceRoutes({
        ...ports,
        recovery,
        correction: () => timekeeping.correction(),
        recordContact: (...args) => connecting.recordContact(...args),
        sessions,
        interests,
      }),
    }),
    (failure) => monitor.tlsFailure({ listener: 'device', ...failure }),
  );
  const push = createDelivery({ orders, commands, inventory, sessions, timekeeping, recovery, log });
  const policyDelivery = createPolicyDelivery({
    policies: ports.devicePolicies,
    compliance: ports.compliance,
    sessions,
  });
  const lostModeDelivery = createLostModeDelivery({ lostMode: ports.lostMode, orders, sessions });
  const nameDelivery = createNameDelivery({ devices, sessions });
  const mailing = createMailboxDelivery({ relay, sessions, log });
  const { reconsider, closeIfDone } = createSuspension({ orders, sessions, push });
  const relocation = createRelocation({ jurisdiction, sessions, clock, timekeeping });
  const connecting = createConnections({
    ...options,
    ...ports,
    commands,
    sessions,
    upgrades,
    push,
    policyDelivery,
    lostModeDelivery,
    nameDelivery,
    recovery,
    addressOf: (request) => listener.addressOf(request),
    relocate: relocation.relocate,
    handlers: () => handlers,
  });
  const departures = createDepartures({ devices, upgrades, endAddressEvidence: connecting.endAddressEvidence, log });
  const dispatching = createDispatch({
    ...ports,
    mailing,
    lostModeDelivery,
    welcome: connecting.welcome,
  });
  const handlers: SessionHandlers = createSessionHandlers({
    ...dispatching,
    sessions,
    interests,
    departures,
    closeIfDone,
    monitor,
    log,
  });
  const refuseUpgrades = acceptUpgrades({
    listener,
    connecting,
    operatorUrl,
    monitor,
    log,
    most: options.mostUpgrades ?? MOST_UPGRADES,
  });
  const { server } = listener;
  const deliverJob = createJobDelivery({ commands, sessions });
  const handleWake = createWakeHandler({
    server,
    sessions,
    interests,
    push,
    policyDelivery,
    lostModeDelivery,
    nameDelivery,
    deliverJob,
    deliverQuery: createQueryDelivery({ liveQueries: ports.liveQueries, sessions }),
    mailing,
    relocation,
    reconsider,
    commands,
  });
  const logged = logFailure(log);
  const stops: (() => void)[] = [refuseUpgrades];

  return {
    listener,
    listen: async (...where) => {
      stops.push(
        bus.subscribe((wake) => void handleWake(wake).catch(logged(wake.kind))),
        startHeartbeat({
          sessions,
          push,
          policyDelivery,
          lostModeDelivery,
          mailing,
          departures,
          relocation,
          clock,
          timekeeping,
          logged,
        }),
      );
      return listener.listen(...where);
    },
    connections: () => sessions.size,
    relocating: relocation.progress,
    stop: async () => {
      for (const stop of stops) stop();
      await endSessions(sessions);
      await listener.close();
    },
  };
}

/** Ends all sessions, and waits half a second for their close frames. The listener then closes the connections of peers that do not respond. */
async function endSessions(sessions: Sessions): Promise<void> {
  await sessions.each((session) => session.end(CLOSE.goingAway, 'going_away'));
  for (let waited = 0; sessions.size > 0 && waited < 500; waited += 25) {
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

const logFailure = (log: Log) => (what: string) => (error: unknown) => {
  if (isCordonError(error, 'device_unknown')) return;
  log.error({ what, error: error instanceof Error ? error.stack : String(error) }, 'a wake could not be handled');
};
