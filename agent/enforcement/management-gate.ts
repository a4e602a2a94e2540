import type { GateView } from './gate-view.ts';

export interface ManagementGatePorts {
  readonly gate: () => GateView;
  readonly link: () => {
    readonly state: string;
    attempt(): Promise<void>;
    suspend(why: string): void;
  };
}

/**
 * Gate of the service `management`. While the gate is closed, the device does not connect, even if the server would accept it. When the
 * gate closes during a connection, the device sends its receipts and waits for the server to close the connection, but at most
 * `DISCONNECT_WITHIN`.
 */
export interface ManagementGate {
  denial(): string | null;
  changed(): void;
  stop(): void;
}

/** Milliseconds to wait for the server to close the connection. The server closes the session of a suspended device within five seconds. */
const DISCONNECT_WITHIN = 8_000;

export function createManagementGate(ports: ManagementGatePorts, disconnectWithin = DISCONNECT_WITHIN): ManagementGate {
  let wasOpen = true;
  let leaving: NodeJS.Timeout | undefined;

  const denial = (): string | null => {
    const { open, denials } = ports.gate();
    if (open) return null;
    return `management is suspended by order ${denials.map(({ order }) => order).join(' and order ')}`;
  };
  const leaveIfDenied = () => {
    leaving = undefined;
    const why = denial();
    if (why !== null && ports.link().state === 'connected') ports.link().suspend(why);
  };

  return {
    denial,
    changed() {
      const open = ports.gate().open;
      const { state } = ports.link();
      if (open || state !== 'connected') {
        clearTimeout(leaving);
        leaving = undefined;
      } else {
        leaving ??= setTimeout(leaveIfDenied, disconnectWithin).unref();
      }
      // The device connects as soon as its own orders allow it. If the server still refuses, the device waits as the server's `Retry-After`
      // says.
      if (open && !wasOpen && state === 'refused') void ports.link().attempt();
      wasOpen = open;
    },
    stop: () => clearTimeout(leaving),
  };
}
