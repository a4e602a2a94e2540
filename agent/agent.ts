import type { LostMode } from '../shared/lost-mode/lost-mode.ts';
import type { DeviceId } from '../shared/protocol/ids.ts';
import type { Instant } from '../shared/time/clock.ts';
import type { Location, Service } from '../shared/verdict/terms.ts';
import type { AdminMessages, DesktopResult } from './admin-messages/admin-messages.ts';
import type { ScriptSwitch } from './config.ts';
import type { DeviceTime } from './enforcement/device-clock.ts';
import type { GateView } from './enforcement/gate-view.ts';
import type { NoticeDelivery } from './enforcement/notice-delivery.ts';
import type { Notice } from './enforcement/notice-view.ts';
import type { CredentialPort } from './enrollment/credentials.ts';
import type { Sensors, SourceState } from './evidence/sensors.ts';
import type { CollectInventory } from './inventory/collect.ts';
import type { PrivacyView } from './inventory/privacy-view.ts';
import type { DialPort } from './link/dial.ts';
import type { Link, LinkState } from './link/link.ts';
import type { LostModeWork } from './lost-mode/lost-mode.ts';
import type { Mail, MailServiceState } from './mail/mail.ts';
import type { OpenConnectorPart } from './mail-connector/connector-part.ts';
import type { MailConnectorStatus } from './mail-connector/mail-connector.ts';
import type { Messaging, MessagingState } from './messaging/messaging.ts';
import type { Passcode } from './passcode/passcode-work.ts';
import type { ChecksOfRound } from './policy/checks.ts';
import type { ManagedFiles } from './policy/managed-files.ts';
import type { IdleLimitPort, LogLevelPort, PolicyView } from './policy/policy-work.ts';
import type { AgentStore } from './store/agent-store.ts';
import type { DiskReserve } from './store/disk-reserve.ts';
import type { DiskSpace, DiskState } from './store/disk-space.ts';
import type { FetchRecord } from './work/file-transfers.ts';
import type { PowerPorts } from './work/power.ts';
import type { ReadLiveQuery } from './work/query/answer-query.ts';
import type { ScriptPorts } from './work/run-script.ts';
import type { ScriptRecord } from './work/script-record.ts';
import type { AskSystemHelper } from './work/system-helper-client.ts';
import type { UpdateOffers } from './work/update-offer.ts';
import type { Workspace, WorkspaceState } from './workspace/workspace.ts';

export interface AgentLog {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
}

export interface AgentOptions {
  /** Database of one device, or of a whole fleet in a simulation. This agent uses only the rows of its own device. */
  readonly store: AgentStore;
  /** Disk space that is reserved for new orders. Simulations reserve none. */
  readonly reserve?: Pick<DiskReserve, 'build' | 'space'> | undefined;
  readonly credentials: CredentialPort;
  readonly time: DeviceTime;
  readonly sensors: Sensors;
  /** Opens the TCP connection for TLS. A simulation replaces this function to insert a proxy or a network outage. */
  readonly dial: DialPort;
  readonly workspace: Workspace;
  readonly inventory: CollectInventory;
  /** Answers live queries from the machine. Simulations have none. */
  readonly readLiveQuery?: ReadLiveQuery | undefined;
  /** Checks of the machine for policies. Simulations have none. */
  readonly machineChecks?: (() => Promise<ChecksOfRound>) | undefined;
  /** Files that policies manage; absent in simulations and on platforms without them. */
  readonly managedFiles?: ManagedFiles | undefined;
  /** Reads the newest lines of the agent's log, oldest first. Simulations have none. */
  readonly readLog?: (() => string) | undefined;
  /** System helper, which may change software, and the folder for own packages. Simulations have none. */
  readonly systemHelper?: { readonly ask: AskSystemHelper; readonly packages: string } | undefined;
  /** Updates of the operating system that wait for the user. Simulations have none. */
  readonly updates?: UpdateOffers | undefined;
  /** Restarts and shutdowns of the machine. Simulations have none. */
  readonly power?: PowerPorts | undefined;
  /** Level of the agent's log, which a policy may set. */
  readonly logLevel?: LogLevelPort | undefined;
  /** Idle limit of the device page, which a policy may set. */
  readonly idleLimit?: IdleLimitPort | undefined;
  /** Makes this agent a mail connector; absent on devices of people. */
  readonly connector?: OpenConnectorPart | undefined;
  readonly onRestart: () => void;
  /** Called after the command `unenroll`, when the device's keys and data are deleted. */
  readonly onUnenrolled: () => void;
  /** Milliseconds that a connected agent waits for a newer order list before it raises an alert. */
  readonly listWithin?: number | undefined;
  /** Number of key packages (RFC 9420) to keep on the server. */
  readonly keyPackages?: number | undefined;
  /** Milliseconds that the device waits for missing data of a conversation. Then it asks the other members to add this device again. */
  readonly patience?: number | undefined;
  /** Shows an order's notice to the user. Returns true when the desktop displayed the notice. */
  readonly notify?: ((notice: Notice) => Promise<boolean>) | undefined;
  readonly announce?: ((text: string) => void) | undefined;
  /** Shows a text about new mail to the user. */
  readonly announceMail?: ((text: string) => void) | undefined;
  /** Tells the user on the desktop that the organization collects more inventory data. Returns true when the desktop displayed the text. */
  readonly announceCollection?: ((text: string) => Promise<boolean>) | undefined;
  /** Shows on the desktop that lost mode is on. */
  readonly announceLostMode?: ((mode: LostMode) => void) | undefined;
  readonly showAdminMessage?: ((text: string) => Promise<DesktopResult>) | undefined;
  /** Scripts of the organization; absent on devices that run no scripts, such as simulated ones. */
  readonly scripts?: ScriptOptions | undefined;
  readonly log: AgentLog;
}

interface ScriptOptions {
  readonly setting: ScriptSwitch;
  readonly isolation: ScriptPorts['isolation'];
  /** Tells the user on the desktop that a script ran. */
  readonly announce: (record: ScriptRecord) => void;
}

export interface ScriptsView {
  readonly setting: ScriptSwitch;
  /** Scripts that ran on this device, newest first. */
  readonly scripts: readonly ScriptRecord[];
}

export interface AgentStatus {
  readonly device: DeviceId;
  readonly generation: number;
  readonly installation: string;
  /**
   * Time on the device. `now`: present time, which decides when orders start and end (`enforcement/device-clock.ts`).
   * `authenticatedTime`: true if the server has confirmed this time.
   */
  readonly now: Instant;
  readonly authenticatedTime: boolean;
  /** Implausible time that the server claims and the device does not use; null if the server's time is plausible. */
  readonly claimedTime: Instant | null;
  readonly connection: LinkState;
  readonly connectionDetail: string | null;
  readonly certificateExpires: Instant;
  readonly approverSet: number;
  readonly list: number;
  readonly record: number;
  readonly listExpires: Instant | null;
  readonly location: Location;
  /** State of each sensor at the last reading; empty before the first reading. */
  readonly sources: readonly SourceState[];
  readonly gates: readonly GateView[];
  readonly nextChange: Instant | null;
  readonly policy: PolicyView;
  /** Lost mode that is on; null if it is off. */
  readonly lostMode: LostMode | null;
  /** Name that an admin gave the device; null without one. */
  readonly displayName: string | null;
  readonly workspace: WorkspaceState;
  readonly messaging: MessagingState;
  readonly mail: MailServiceState;
  /** True if the device record allows other mail programs; null before the first device record. */
  readonly mailPrograms: boolean | null;
  /** State of the mail connector; null on devices of people, and until the connector has started. */
  readonly connector: MailConnectorStatus | null;
  /** Number of the device's reports (receipts, alerts and other data for the server) that the server has not confirmed. */
  readonly unsent: number;
  /** Free space and state of the disk; null if the agent reserves no disk space. */
  readonly disk: (DiskSpace & { readonly state: DiskState }) | null;
}

export interface Agent {
  /**
   * Starts the agent. Enforces the stored orders again, because a crash may have interrupted their enforcement, and then connects to the
   * server.
   */
  start(): Promise<void>;
  stop(): Promise<void>;
  status(): AgentStatus;
  gate(service: Service): GateView;
  /** Returns `AgentStatus.mailPrograms`. Unlike `status`, it also works after the end of the enrollment. */
  mailPrograms(): boolean | null;
  /** Reads the sensors, reports the location evidence, and decides again which services are blocked. */
  sample(): Promise<void>;
  /** Periodic work, such as the renewal of the certificate and unfinished commands. The daemon calls it every minute. */
  maintain(): Promise<void>;
  /**
   * Does the agent's periodic work, then connects to the server at once instead of at the next planned attempt. Simulations call this
   * method after a change of their simulated clock, because timers follow the real clock.
   */
  tick(): Promise<void>;
  readonly link: Pick<Link, 'network'>;
  readonly messaging: Messaging;
  readonly mail: Mail;
  readonly notices: Pick<NoticeDelivery, 'list' | 'markDisplayed'>;
  readonly adminMessages: Pick<AdminMessages, 'list' | 'displayed'>;
  /** Sections that the agent reports about the device. `displayed`: the caller displays the list to the user. */
  readonly privacy: { view(): PrivacyView; displayed(): void };
  readonly lostMode: Pick<LostModeWork, 'current' | 'end'>;
  /** Passcode of the workspace. */
  readonly passcode: Passcode;
  /** Scripts of the organization that ran on this device. */
  scripts(): ScriptsView;
  /** Files that the organization fetched from this device, newest first. */
  fetchedFiles(): readonly FetchRecord[];
  onChange(listener: () => void): () => void;
}
