/**
 * The gate of `management` on the device itself: denied means no connection, whatever the server thinks. A server
 * whose timer is late is left after the receipts had time to go; nothing is dialled until the own verdict allows it. The server's refusal
 * counts where it is the stricter one.
 */
import type { GateView } from './gate-view.ts';

export interface ManagementGatePorts {
  readonly gate: () => GateView;
  readonly link: () => {
    readonly state: string;
    attempt(): Promise<void>;
    /** Ends the connection, and then polls and knocks like a refused one. */
    leave(why: string): void;
  };
}

export interface ManagementGate {
  /** Why no connection may be made; null when one may. */
  denial(): string | null;
  /** Gates or connection may have changed. */
  changed(): void;
  stop(): void;
}

/** Real time: the server closes a denied session itself within five seconds. */
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
      // Back as soon as the own verdict allows it; when the server sees it otherwise, its `Retry-After` counts again.
      if (open && !wasOpen && state === 'refused') void ports.link().attempt();
      wasOpen = open;
    },
    stop: () => clearTimeout(leaving),
  };
}
