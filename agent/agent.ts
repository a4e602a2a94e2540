import type { Inventory } from '../shared/protocol/frames.ts';
import type { DeviceId } from '../shared/protocol/ids.ts';
import type { Instant } from '../shared/time/clock.ts';
import type { Location, Service } from '../shared/verdict/terms.ts';
import type { AdminMessages, DesktopResult } from './admin-messages/admin-messages.ts';
import type { DeviceTime } from './enforcement/device-clock.ts';
import type { GateView } from './enforcement/gate-view.ts';
import type { NoticeDelivery } from './enforcement/notice-delivery.ts';
import type { Notice } from './enforcement/notice-view.ts';
import type { CredentialPort } from './enrollment/credentials.ts';
import type { Sensors, SourceState } from './evidence/sensors.ts';
import type { DialPort } from './link/dial.ts';
import type { Link, LinkState } from './link/link.ts';
import type { Messaging, MessagingState } from './messaging/messaging.ts';
import type { AgentStore } from './store/agent-store.ts';
import type { DiskReserve } from './store/disk-reserve.ts';
import type { DiskSpace, DiskState } from './store/disk-space.ts';
import type { Workspace } from './workspace/workspace.ts';

export interface AgentLog {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
}

export interface AgentOptions {
  /** One file can have the data of many devices. This agent uses only its own device's rows. */
  readonly store: AgentStore;
  /** Disk space reserved for orders. A simulated fleet reserves none. */
  readonly reserve?: Pick<DiskReserve, 'build' | 'space'> | undefined;
  readonly credentials: CredentialPort;
  readonly time: DeviceTime;
  readonly sensors: Sensors;
  /** Opens the TCP connection under TLS. A simulated dialer writes a PROXY protocol header first, or fails as if offline. */
  readonly dial: DialPort;
  readonly workspace: Workspace;
  readonly inventory: () => Promise<Inventory>;
  /** Called after the command `restart-agent`, when its result is durable. */
  readonly onRestart: () => void;
  /** Called after the command `unenroll`, when keys and data are deleted. */
  readonly onUnenrolled: () => void;
  /**
   * Real milliseconds before a missing newer order list raises an alert. A simulation with thousands of agents on one machine sets a longer
   * time.
   */
  readonly listWithin?: number | undefined;
  /** Key packages to keep on the server. Fewer for thousands of agents on one machine. */
  readonly keyPackages?: number | undefined;
  /** Real milliseconds that missing data of a conversation may take to arrive before this device asks to rejoin. */
  readonly patience?: number | undefined;
  /** Shows a notice of an order to the user. Returns true when the desktop displayed the notice. */
  readonly notify?: ((notice: Notice) => Promise<boolean>) | undefined;
  /** Shows the user a text that is not about an order. */
  readonly announce?: ((text: string) => void) | undefined;
  readonly showAdminMessage?: ((text: string) => Promise<DesktopResult>) | undefined;
  readonly log: AgentLog;
}

export interface AgentStatus {
  readonly device: DeviceId;
  readonly generation: number;
  readonly installation: string;
  /** The device's time (`enforcement/device-clock.ts`). `authenticatedTime`: true if this is the server's time. */
  readonly now: Instant;
  readonly authenticatedTime: boolean;
  /** The server's time if it is implausibly far ahead. The device does not use an implausible time. */
  readonly claimedTime: Instant | null;
  readonly connection: LinkState;
  /** The reason for a missing connection; null while connected. */
  readonly connectionDetail: string | null;
  readonly certificateExpires: Instant;
  /** Version of the stored approver set; 0 without an approver set. */
  readonly approverSet: number;
  readonly list: number;
  readonly record: number;
  readonly listExpires: Instant | null;
  readonly location: Location;
  /** States of the sensors at the last sample; empty before the first sample. */
  readonly sources: readonly SourceState[];
  readonly gates: readonly GateView[];
  readonly nextChange: Instant | null;
  readonly workspace: 'open' | 'locked' | 'wiped';
  readonly messaging: MessagingState;
  /** Number of reports without a confirmation from the server. */
  readonly unsent: number;
  /** Disk space and its state; null without a reserve. */
  readonly disk: (DiskSpace & { readonly state: DiskState }) | null;
}

export interface Agent {
  /** Enforces the stored documents again, because a crash may have prevented that, and then connects. */
  start(): Promise<void>;
  /** Closes the connection and stops all timers. The store keeps its data. */
  stop(): Promise<void>;
  status(): AgentStatus;
  gate(service: Service): GateView;
  /** Reads the sensors, reports the evidence, and decides the gates again. */
  sample(): Promise<void>;
  /** Periodic work, such as the renewal of the certificate and unfinished commands. The daemon calls it every minute. */
  maintain(): Promise<void>;
  /** Runs `maintain` and tries to connect at once, because the clock of a simulation has jumped. */
  tick(): Promise<void>;
  readonly link: Pick<Link, 'network'>;
  readonly messaging: Messaging;
  readonly notices: Pick<NoticeDelivery, 'list' | 'markShown'>;
  readonly adminMessages: Pick<AdminMessages, 'list' | 'displayed'>;
  /** Calls the listener after each change of connection, documents or gates. Returns a function that removes the listener. */
  onChange(listener: () => void): () => void;
}
