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
  /** Database of one device or of a whole simulated fleet. This agent uses only the rows of its own device. */
  readonly store: AgentStore;
  /** Disk space reserved for orders. A simulated fleet reserves no disk space. */
  readonly reserve?: Pick<DiskReserve, 'build' | 'space'> | undefined;
  readonly credentials: CredentialPort;
  readonly time: DeviceTime;
  readonly sensors: Sensors;
  /**
   * Opens a TCP connection, over which the agent starts TLS. A simulated dialer first writes a PROXY protocol header, or fails like an
   * offline network.
   */
  readonly dial: DialPort;
  readonly workspace: Workspace;
  readonly inventory: () => Promise<Inventory>;
  /** Called after the command `restart-agent`, when the command's result is stored durably. */
  readonly onRestart: () => void;
  /** Called after the command `unenroll`, when the device's keys and data are deleted. */
  readonly onUnenrolled: () => void;
  /**
   * Milliseconds that a connected agent waits for a newer order list before it raises an alert. A simulation with thousands of agents on
   * one machine sets a longer time.
   */
  readonly listWithin?: number | undefined;
  /** Number of key packages to keep on the server. A simulation with thousands of agents sets a smaller number. */
  readonly keyPackages?: number | undefined;
  /**
   * Milliseconds that the device waits for missing data of a conversation. After that, the device asks the other members to add it again.
   */
  readonly patience?: number | undefined;
  /** Shows an order's notice to the user. Returns true when the desktop displayed the notice. */
  readonly notify?: ((notice: Notice) => Promise<boolean>) | undefined;
  /** Shows the user a text that does not concern an order. */
  readonly announce?: ((text: string) => void) | undefined;
  readonly showAdminMessage?: ((text: string) => Promise<DesktopResult>) | undefined;
  readonly log: AgentLog;
}

export interface AgentStatus {
  readonly device: DeviceId;
  readonly generation: number;
  readonly installation: string;
  /**
   * `now`: the device's time, which decides when orders start and end (`enforcement/device-clock.ts`). `authenticatedTime`: true if the
   * server has confirmed this time.
   */
  readonly now: Instant;
  readonly authenticatedTime: boolean;
  /** Time that the server claims if that time is implausibly far ahead; else null. The device does not use an implausible time. */
  readonly claimedTime: Instant | null;
  readonly connection: LinkState;
  /** The reason why the device is not connected; null while the device is connected. */
  readonly connectionDetail: string | null;
  readonly certificateExpires: Instant;
  /** Version of the stored approver set; 0 if the device has no approver set. */
  readonly approverSet: number;
  readonly list: number;
  readonly record: number;
  readonly listExpires: Instant | null;
  readonly location: Location;
  /** State of each sensor when the agent last read the location; empty before the first reading. */
  readonly sources: readonly SourceState[];
  readonly gates: readonly GateView[];
  readonly nextChange: Instant | null;
  readonly workspace: 'open' | 'locked' | 'wiped';
  readonly messaging: MessagingState;
  /** Number of reports that the server has not confirmed. */
  readonly unsent: number;
  /** Free space and state of the disk; null if the agent reserves no disk space. */
  readonly disk: (DiskSpace & { readonly state: DiskState }) | null;
}

export interface Agent {
  /** Starts the agent: enforces the stored documents again, because a crash may have interrupted their enforcement, and then connects. */
  start(): Promise<void>;
  /** Stops the agent: closes the connection and all timers. The stored data stays. */
  stop(): Promise<void>;
  status(): AgentStatus;
  gate(service: Service): GateView;
  /** Reads the sensors, reports the location evidence, and computes the gates again. */
  sample(): Promise<void>;
  /** Periodic work, such as the renewal of the certificate and unfinished commands. The daemon calls it every minute. */
  maintain(): Promise<void>;
  /** Runs `maintain` and tries to connect at once. Called after a simulation has moved its clock. */
  tick(): Promise<void>;
  readonly link: Pick<Link, 'network'>;
  readonly messaging: Messaging;
  readonly notices: Pick<NoticeDelivery, 'list' | 'markShown'>;
  readonly adminMessages: Pick<AdminMessages, 'list' | 'displayed'>;
  /** Calls the listener after each change of connection, documents or gates. Returns a function that removes the listener. */
  onChange(listener: () => void): () => void;
}
