/** Interfaces through which the device listener uses other modules. */
import type { HomeArea } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import type { InventoryReport } from '../../shared/inventory/report.ts';
import type { Section } from '../../shared/inventory/sections.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import type { PolicyReport } from '../../shared/policy/check-results.ts';
import type { MemberProof, Recollection } from '../../shared/protocol/device-http.ts';
import type { SignedScript } from '../../shared/protocol/frames.ts';
import type { CommandId, DeviceId, ScriptId } from '../../shared/protocol/ids.ts';
import type { Observation } from '../../shared/verdict/terms.ts';
import type { PasscodeState } from '../../shared/workspace/passcode-state.ts';
import type { Displayed } from '../commands/command-record.ts';
import type { CommandResult } from '../commands/command-reports.ts';
import type { JobCommand } from '../commands/job-delivery.ts';
import type { JobMember, OpenJob } from '../commands/ports.ts';
import type { SentCommand } from '../commands/unlock-shares.ts';
import type { Identity } from '../devices/identity.ts';
import type { Connected, Contact, Opened, ReportedState, Session } from '../devices/ports.ts';
import type { ReportMark } from '../jurisdiction/ports.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { LiveQueries } from '../live-queries/live-queries.ts';
import type { LostModes } from '../lost-mode/lost-mode.ts';
import type { Mail } from '../mail/mail.ts';
import type { ApproverSets } from '../orders/adoption/approver-sets.ts';
import type { Effect } from '../orders/effect/effect.ts';
import type { Receipts } from '../orders/evidence/receipts.ts';
import type { Orders } from '../orders/orders.ts';
import type { Relay } from '../relay/relay.ts';

export interface NamesPort {
  record(host: string | undefined): void;
}

export interface TimekeepingPort {
  /** True if the server trusts its own clock. While the clock may be wrong, devices receive no authenticated time. */
  trusted(): boolean;
  noteDeviceTime(device: DeviceId, wall: number): void;
  correction(): Envelope | null;
}

export interface DevicesPort {
  /**
   * Identifies the device to which a certificate belongs. `now` is a time of the system clock, because the expiry of certificates follows
   * this clock.
   */
  identify(fingerprint: string, now: number): Promise<Identity>;
  connected(device: Omit<Connected, 'at'>): Promise<Opened>;
  disconnected(session: Session): Promise<void>;
  /** Stores a device's reports. Resolves when they are stored durably. */
  recordState(session: Session, state: Omit<ReportedState, 'at'>): Promise<void>;
  recordContact(device: Omit<Contact, 'at'>): Promise<void>;
  raiseAlert(alert: { device: DeviceId; code: string; detail: string }): Promise<void>;
  displayName(device: DeviceId): Promise<string | null>;
}

export type LostModePort = Pick<LostModes, 'current' | 'report' | 'endedOnDevice'>;

export interface InventoryPort {
  /** Stores an inventory report durably. `wanted`: the device must send its complete inventory. */
  put(device: DeviceId, report: InventoryReport): Promise<'stored' | 'unchanged' | 'wanted'>;
  readonly sections: { current(): { readonly off: readonly Section[] } };
}

export interface DevicePoliciesPort {
  effectiveFor(devices: readonly DeviceId[]): Promise<
    ReadonlyMap<
      DeviceId,
      {
        readonly digest: string;
        readonly settings: readonly { readonly setting: string; readonly value: unknown }[];
      }
    >
  >;
}

export interface CompliancePort {
  /** Share with which the device locks its workspace at the offline limit; null while the workspace must stay locked. */
  offlineShare(device: DeviceId): Promise<string | null>;
  /** The device has locked its workspace at the offline limit, and is connected again. */
  offlineLocked(device: DeviceId, generation: number, at: number): Promise<void>;
  /**
   * `setting-repaired`: the device has made a setting again, because something else on the device had changed it. `change-kept`: the device keeps a
   * change after the end of a policy. `detail` describes the change.
   */
  settingChanged(
    device: DeviceId,
    generation: number,
    event: 'setting-repaired' | 'change-kept',
    change: { readonly setting: string; readonly at: number; readonly detail?: string },
  ): Promise<void>;
  report(device: DeviceId, generation: number, report: PolicyReport): Promise<void>;
  state(device: DeviceId): Promise<{
    readonly state: string;
    readonly failing: readonly string[];
    readonly countdown: readonly { readonly action: string; readonly at: number }[];
    readonly taken: Readonly<Partial<Record<string, number>>>;
  }>;
}

/** Script of a command `run-script`; absent for all other kinds. */
export interface WithScript {
  readonly signedScript?: SignedScript;
}

export interface CommandsPort {
  /** Adds the device to the jobs that it may join. Returns true if it has joined a job. */
  join(device: DeviceId): Promise<boolean>;
  pendingFor(device: DeviceId, generation: number): Promise<(SentCommand & WithScript)[]>;
  openJob(id: CommandId): Promise<(OpenJob & WithScript) | null>;
  waitingFor(job: CommandId, after: DeviceId | null): Promise<JobMember[]>;
  cancel(id: CommandId, by: string): Promise<unknown>;
  control(
    job: CommandId,
    action: 'abort',
    request: { readonly by: string; readonly reason: string | null },
  ): Promise<void>;
  commandsOf(job: OpenJob, members: readonly Pick<JobMember, 'device'>[]): Promise<JobCommand[]>;
  stored(device: DeviceId, generation: number, id: CommandId): Promise<void>;
  finished(device: DeviceId, generation: number, result: CommandResult): Promise<void>;
  /** Stores the state of the workspace's passcode, as the device reported it. */
  passcode(device: DeviceId, generation: number, state: PasscodeState): Promise<void>;
  addPasscodeShare(device: DeviceId, share: string): Promise<void>;
  displayed(device: DeviceId, generation: number, report: { readonly command: CommandId } & Displayed): Promise<void>;
}

export type LiveQueriesPort = Pick<LiveQueries, 'open' | 'asked' | 'unreachable' | 'answer'>;

export interface ScriptsPort {
  /** Finds the script of a version for devices. Null if the version may not run, for example because its review was withdrawn. */
  signed(run: { readonly script: ScriptId; readonly version: number }): Promise<SignedScript | null>;
  addOutput(piece: {
    readonly command: CommandId;
    readonly device: DeviceId;
    readonly generation: number;
    readonly offset: number;
    readonly text: string;
    readonly at: number;
  }): Promise<void>;
}

export interface JurisdictionPort {
  observeAddress(
    device: DeviceId,
    generation: number,
    address: string | null,
    connected: boolean,
  ): Promise<readonly HomeArea[]>;
  /** Resolves to true if the store has marked `report` as stored, in the same transaction as the observations. */
  observe(
    device: DeviceId,
    generation: number,
    observations: readonly Observation[],
    report?: ReportMark | null,
  ): Promise<boolean>;
  /**
   * Locates the IP address of a connection again with the current IP database, and returns the address's areas. Returns null if they equal
   * the areas in `connection`, or if the connection has ended.
   */
  relocate(connection: {
    readonly device: DeviceId;
    readonly generation: number;
    readonly address: string | null;
    readonly areas: readonly string[];
    readonly open: boolean;
  }): Promise<readonly HomeArea[] | null>;
  followIpDatabase(): Promise<void>;
  currentIpDatabase(): { readonly use: number };
}

export interface OrdersPort {
  /**
   * Signed order list. `withheld` returns the complete texts of its withheld orders; the array object stays the same until a text changes.
   */
  readonly list: Pick<Orders['list'], 'withheld'> & {
    current(): { readonly version: number; readonly envelope: Envelope } | null;
  };
  readonly approverSets: Pick<ApproverSets, 'version' | 'envelopes'>;
  readonly effect: Pick<Effect, 'record' | 'recordVersion' | 'cachedVerdict' | 'verdict'>;
  readonly receipts: Pick<Receipts, 'check' | 'store' | 'storeChecked'>;
}

export interface RecoveryPort {
  requestFor(
    device: DeviceId,
    versions: { readonly list: number; readonly approverSet: number },
  ): 'documents' | 'facts' | null;
  /**
   * True while the server, after a restore from a backup, waits for the documents of a device that has a newer order list. The server then
   * sends no order list.
   */
  withholdsList(): boolean;
  acceptRecollection(device: DeviceId, generation: number, recollection: Recollection): Promise<void>;
  /** Accepts a device's certificate that the restored store lacks. Returns true if the store now has the certificate. */
  acceptReturningDevice(der: Buffer): Promise<boolean>;
}

export const NOT_RESTORED: RecoveryPort = {
  requestFor: () => null,
  withholdsList: () => false,
  acceptRecollection: async () => {
    throw new CordonError('conflict', 'The server did not ask this device for its documents.');
  },
  acceptReturningDevice: async () => false,
};

export interface MembershipPort {
  submitKey(
    identity: { readonly device: DeviceId; readonly generation: number; readonly der: string },
    envelope: Envelope,
  ): Promise<{ readonly certificate: Envelope | null; readonly countersigned: boolean }>;
  own(
    device: DeviceId,
    generation: number,
  ): Promise<{ readonly certificate: Envelope | null; readonly countersigned: boolean }>;
  /** Searches people by name. Throws `rate_limited`, because the search counts against the same limit as `members`. */
  search(text: string, asker: DeviceId): Promise<{ person: string; name: string; devices: number }[]>;
  /** Proofs that the requested devices are verified. `people`: the requested people, and the users of the requested devices. */
  members(
    of: { readonly people: readonly string[]; readonly devices: readonly DeviceId[] },
    asker: DeviceId,
  ): Promise<{ readonly people: ReadonlySet<string>; readonly members: readonly MemberProof[] }>;
}

export interface LedgerPort extends Pick<Ledger, 'proveContinuations'> {
  readonly verifierKey: string;
  proveGrowth(older: number, size?: number): Promise<{ readonly proof: Buffer[]; readonly checkpoint: string }>;
}

export type RelayPort = Pick<
  Relay,
  'accept' | 'counters' | 'read' | 'acknowledge' | 'onArrival' | 'keyPackages' | 'attachments'
>;

export type MailPort = Pick<Mail, 'accept' | 'keys' | 'pieces' | 'queues' | 'recipients' | 'connectors'>;

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
