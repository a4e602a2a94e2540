/**
 * The agent as a library: what the daemon runs once and a simulated fleet runs hundreds of times in one process. It owns no
 * global state, reads no environment and makes no timer of its own but the link's backoff: time, sensors, network, credentials
 * and store come in through the ports below.
 */

import type { Inventory } from '../shared/protocol/frames.ts';
import type { DeviceId } from '../shared/protocol/ids.ts';
import type { Instant } from '../shared/time/clock.ts';
import type { Location, Reason, Service } from '../shared/verdict/terms.ts';
import type { DatagramOutcome, ReceivedDatagram } from './datagrams/datagrams.ts';
import type { DeviceTime } from './enforcement/device-clock.ts';
import type { CredentialPort } from './enrolment/credentials.ts';
import type { Sensors } from './evidence/sensors.ts';
import type { DialPort } from './link/dial.ts';
import type { LinkState } from './link/link.ts';
import type { AgentStore } from './store/agent-store.ts';
import type { Workspace } from './workspace/workspace.ts';

export interface AgentLog {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
}

export interface AgentOptions {
  /** One file can hold many agents; this one sees only the rows of its own device. */
  readonly store: AgentStore;
  readonly credentials: CredentialPort;
  readonly time: DeviceTime;
  readonly sensors: Sensors;
  /** Opens the plain connection that TLS then runs over. A simulated one writes a PROXY protocol header first, or fails: offline. */
  readonly dial: DialPort;
  readonly workspace: Workspace;
  /** Collects the inventory; `collectInventory` of `inventory/inventory.ts` in the daemon. */
  readonly inventory: () => Promise<Inventory>;
  /** `restart-agent` and `unenrol`: called when the result is durable (and, for `unenrol`, sent). */
  readonly onRestart: () => void;
  readonly onUnenrolled: () => void;
  readonly log: AgentLog;
}

/** One denial as a person is told of it. */
export interface DenialView {
  readonly order: string;
  readonly revision: number;
  readonly title: string;
  readonly reasons: readonly Reason[];
  readonly until: Instant | null;
  readonly appeal: string;
  /** Language tag → the order's public statement. */
  readonly statement: Readonly<Record<string, string>>;
}

export interface GateView {
  readonly service: Service;
  readonly open: boolean;
  /** Every reason of the verdict behind the gate, denying or allowing. */
  readonly reasons: readonly Reason[];
  readonly denials: readonly DenialView[];
  /** Since when it has stood so, on the device's time. */
  readonly since: Instant;
}

export interface AgentStatus {
  readonly device: DeviceId;
  readonly generation: number;
  readonly installation: string;
  /** The device's own time (`enforcement/device-clock.ts`), and whether it is the server's. */
  readonly now: Instant;
  readonly authenticatedTime: boolean;
  readonly connection: LinkState;
  /** Why the link is not up, in words; null while it is. */
  readonly connectionDetail: string | null;
  readonly certificateExpires: Instant;
  /** Versions that are stored durably; 0 for none. */
  readonly root: number;
  readonly list: number;
  readonly record: number;
  readonly listExpires: Instant | null;
  readonly location: Location;
  readonly gates: readonly GateView[];
  readonly nextChange: Instant | null;
  readonly workspace: 'open' | 'locked' | 'wiped';
  /** Reports that the server has not confirmed yet. */
  readonly unsent: number;
}

export interface Agent {
  /** Re-evaluates what is stored before anything else (a crash may lie between storing and enforcing), then connects. */
  start(): Promise<void>;
  /** Ends the link and every timer. What is stored stays. */
  stop(): Promise<void>;
  status(): AgentStatus;
  /** What this agent itself enforces now, for one service. */
  gate(service: Service): GateView;
  /** Reads the sensors once, folds what they say, re-evaluates and reports it. */
  sample(): Promise<void>;
  /**
   * One round of what is periodic: re-evaluate at the device's time, renew the certificate when due, dial when waiting, and
   * while refused poll the list, post receipts and knock. The daemon calls it on a timer, a simulation after each jump.
   */
  tick(): Promise<void>;
  /** The operating system's (or a simulation's) word on the network: false drops the link and stops dialling. */
  network(available: boolean): void;
  sendDatagram(datagram: { to: DeviceId; service: 'messaging' | 'mail'; body: string }): Promise<DatagramOutcome>;
  /** Called for each datagram that the gate let in. Returns the cancellation. */
  onDatagram(listener: (datagram: ReceivedDatagram) => void): () => void;
  /** Called after each change of connection, stored document or gate. Returns the cancellation. */
  onChange(listener: () => void): () => void;
  /** Tells the agent that `status` was displayed to a person: makes the `shown` receipts, once per order and revision. */
  shown(): void;
}
