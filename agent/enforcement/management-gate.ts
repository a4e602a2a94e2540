import type { GateView } from './gate-view.ts';

export interface ManagementGatePorts {
  readonly gate: () => GateView;
  readonly link: () => {
    readonly state: string;
    attempt(): Promise<void>;
    /** Closes the connection, and continues as a refused device. */
    leave(why: string): void;
  };
}

/**
 * The gate of `management` on the device. A closed gate allows no connection, whatever the server decides. If the server does not close the connection in
 * time, the device does, after its receipts had time to leave.
 */
export interface ManagementGate {
  /** The reason against a connection; null when the gate is open. */
  denial(): string | null;
  /** Compares gate and connection after a change of the gate or of the connection. */
  changed(): void;
  stop(): void;
}

/** Real milliseconds that the device waits. The server closes a denied session within five seconds. */
const LEAVE_WITHIN = 8_000;

export function createManagementGate(ports: ManagementGatePorts, leaveWithin = LEAVE_WITHIN): ManagementGate {
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
    if (why !== null && ports.link().state === 'connected') ports.link().leave(why);
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
        leaving ??= setTimeout(leaveIfDenied, leaveWithin).unref();
      }
      // The device connects as soon as its own verdict allows it. If the server still refuses, its `Retry-After` counts.
      if (open && !wasOpen && state === 'refused') void ports.link().attempt();
      wasOpen = open;
    },
    stop: () => clearTimeout(leaving),
  };
}
