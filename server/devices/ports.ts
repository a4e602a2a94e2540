import type { EvidenceArea, HomeArea } from '../../shared/areas/area-code.ts';
import type {
  Condition,
  ListColumn,
  ListFact,
  ListFactValue,
  ReportedField,
} from '../../shared/inventory/list-fields.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { LocationRecord } from '../../shared/pack/location-records.ts';
import type { ComplianceState } from '../../shared/policy/compliance-states.ts';
import type { AccountId, DeviceId, DeviceViewId, GroupId, PersonId } from '../../shared/protocol/ids.ts';
import type { PasscodeState } from '../../shared/workspace/passcode-state.ts';
import type { ActionFacts } from './bulk-actions.ts';
import type { LifeCycleState } from './life-cycle.ts';
import type { Statement } from './placement.ts';
import type { Placed, Scope } from './scope.ts';
import type { Workspace, WorkspaceState } from './workspace.ts';

export type { Statement } from './placement.ts';

export type DeviceStatus = 'active' | 'revoked' | 'unenrolled';

export interface Group {
  readonly id: GroupId;
  readonly name: string;
  /** Home of the group's devices that have no home of their own. */
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
  readonly createdAt: number;
  /** True if the devices may serve mail to other mail programs. Mail is then in plain text on the disks of these devices. */
  readonly mailPrograms: boolean;
  /** Expression of a dynamic group; null for a static group. A dynamic group has no home, seat or mail rule, and no device has it as its primary group. */
  readonly expression: string | null;
  /** Whether roles and order exemptions may use the group: true for static groups, and for dynamic groups that an owner trusts. */
  readonly trusted: boolean;
  /** True if the members are complete. False while the server evaluates a new expression for all devices. */
  readonly complete: boolean;
}

export type NewGroup = Omit<Group, 'expression' | 'trusted' | 'complete'>;

/** Change of a group. A field that is undefined stays as it is. */
export interface GroupChange {
  readonly name?: string;
  readonly home?: HomeArea | null;
  readonly seat?: HomeArea | null;
  readonly mailPrograms?: boolean;
  /** Only for a dynamic group that no owner trusts. */
  readonly expression?: string;
}

/**
 * Presence of a device. Times come from the `Clock`. `address`: the source address of the last connection; for a suspended device, of its
 * last request.
 */
export interface Presence {
  readonly connected: boolean;
  readonly changedAt: number;
  readonly lastSeenAt: number;
  readonly address: string | null;
  readonly agent: string | null;
  readonly listVersion: number;
  readonly recordStored: number;
  readonly approverSetVersion: number;
  readonly reportsThrough: number;
}

export interface Device {
  readonly id: DeviceId;
  readonly generation: number;
  readonly status: DeviceStatus;
  readonly person: PersonId;
  readonly user: string;
  /** True if the current enrollment is a mail connector. */
  readonly mailConnector: boolean;
  /** Primary group, which gives the device its default home area and legal seat, and its mail rule. */
  readonly group: { readonly id: GroupId; readonly name: string; readonly mailPrograms: boolean };
  /** Ids of the groups that count for admins' scopes: the primary group, static groups and trusted dynamic groups. */
  readonly scopeGroups: readonly string[];
  /**
   * Home area of the device. An admin's location statement takes precedence over the value on the device itself, which takes precedence
   * over the value on its group.
   */
  readonly home: HomeArea | null;
  /** Legal seat set on the device itself, or else on its group. */
  readonly seat: HomeArea | null;
  /** Home and legal seat set on the device itself, without those of its group. */
  readonly own: { readonly home: HomeArea | null; readonly seat: HomeArea | null };
  readonly statement: Statement | null;
  readonly underLegalHold: boolean;
  readonly enrolledAt: number;
  readonly endedAt: number | null;
  readonly recordVersion: number;
  readonly hostname: string | null;
  /** Name that an admin gave the device; null without one. */
  readonly displayName: string | null;
  readonly platform: string | null;
  readonly workspace: Workspace;
  /** State of the workspace's passcode, as the device reported it. */
  readonly passcode: PasscodeState;
  readonly lifeCycle: LifeCycleState;
  /** Time at which an admin marked the device as missing, by the server clock; null if it is not missing. */
  readonly missingSince: number | null;
  /** Time at which an admin retired the device, by the server clock. */
  readonly retiredAt: number | null;
  /** Time after which the server deletes the record of the retired device, unless a legal hold keeps it. */
  readonly deletedAfter: number | null;
  /** Whether lost mode is on. */
  readonly lostMode: boolean;
  /** Labels of the device, sorted, in the form that `normalizedLabel` returns. */
  readonly labels: readonly string[];
  readonly presence: Presence | null;
}

export const DEVICE_SORTS = ['id', 'user', 'enrolled', 'seen'] as const;
export type DeviceSort = (typeof DEVICE_SORTS)[number] | ListFact;

export interface DeviceFilter {
  /**
   * Search text. Each of its words must be in the user's name, the display name, the host name or the serial number, or must begin the
   * device id. The order of the words does not matter, nor does the case of ASCII letters.
   */
  readonly text?: string;
  /** Conditions on fields. All must be true. */
  readonly where?: readonly Condition[];
  readonly compliance?: ComplianceState;
  /** Group of which the device is a member, whether primary, static or dynamic. */
  readonly group?: GroupId;
  readonly person?: PersonId;
  readonly status?: DeviceStatus;
  /** Area in which the device is, or may be. A device with an unknown or expired location matches no area. */
  readonly area?: EvidenceArea;
  readonly connected?: boolean;
  /** True: only devices that have connected since their enrollment. False: only devices that have not. */
  readonly everConnected?: boolean;
  /** Filter for disconnected devices whose last contact was before the given time. */
  readonly seenBefore?: number;
  /** Filter by order list: finds devices that have connected and last reported an older version of the order list than the given one. */
  readonly listBelow?: number;
  /** True: only devices with a known location (valid evidence). False: only devices with an unknown location. */
  readonly located?: boolean;
  readonly countersigned?: boolean;
  readonly workspace?: WorkspaceState;
  /** Label of the devices, in the form that `normalizedLabel` returns. */
  readonly label?: string;
  readonly lifeCycle?: LifeCycleState;
}

export interface Selection {
  readonly filter: DeviceFilter;
  readonly scope: Scope;
  readonly now: number;
  /** Scope in which a search also compares the network address of the last connection. Absent: nowhere. */
  readonly addresses?: Scope;
}

export interface DeviceQuery extends Selection {
  readonly sort: DeviceSort;
  readonly descending: boolean;
  /** Sort value and id of the last device on the previous page; null for the first page. */
  readonly after: { readonly value: string | number | null; readonly id: string } | null;
  readonly offset: number;
  readonly limit: number;
  /** Fields of the inventory to read for the devices of the page. */
  readonly columns?: readonly ReportedField[];
}

export type DeviceExport = Omit<DeviceQuery, 'after' | 'offset' | 'limit'>;

/** Fields of devices' inventories by device id. A device without an inventory is absent. */
export type FactsOfDevices = ReadonlyMap<string, Readonly<Partial<Record<ReportedField, ListFactValue>>>>;

export interface DeviceList {
  readonly devices: readonly Device[];
  /** Number of devices on all pages together. */
  readonly total: number;
  readonly facts: FactsOfDevices;
}

/** Certificate of a device. Times come from the system clock. */
export interface DeviceCertificate {
  readonly serial: string;
  readonly fingerprint: string;
  readonly profile: string;
  readonly generation: number | null;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly revokedAt: number | null;
  readonly supersededAt: number | null;
}

export interface CertificateRow extends DeviceCertificate {
  readonly device: DeviceId | null;
  readonly issuedAt: number;
  readonly deviceStatus: DeviceStatus | null;
  readonly deviceGeneration: number | null;
  /** True for a renewed certificate before its first use. Until then, the older certificate of the same enrollment stays valid. */
  readonly renews: boolean;
}

export interface Ended {
  readonly status: 'revoked' | 'unenrolled';
  /** Time at which the device's enrollment ended, by the server clock (`Clock`). */
  readonly at: number;
  /**
   * Time at which the enrollment ended, by the system clock. The server also records this time for the revoked certificates and canceled
   * commands, because certificates and commands use only the system clock.
   */
  readonly realAt: number;
  /** Revocation reason (RFC 5280, section 5.3.1). */
  readonly reason: number;
}

export interface DeviceUpdate {
  readonly home?: HomeArea | null;
  readonly seat?: HomeArea | null;
  readonly group?: GroupId;
  readonly statement?: Statement | null;
}

export interface DeviceName extends Placed {
  readonly id: DeviceId;
  readonly user: string;
  readonly hostname: string | null;
  readonly displayName: string | null;
}

/** Ledger entry about a location change that changes the effect of an order. The entry contains only a digest of `record`. */
export interface LocationEntry {
  readonly entry: EntryDraft<'location.stated'>;
  readonly orders: readonly string[];
  readonly record: LocationRecord;
  readonly reason: { readonly text: string; readonly salt: string } | null;
}

export interface DeviceStore {
  get(id: DeviceId): Promise<Device | null>;
  list(query: DeviceQuery): Promise<DeviceList>;
  /** Devices of a list in batches, in the order of the list. Devices that left the scope meanwhile are absent. */
  batches(query: DeviceExport): AsyncIterable<Omit<DeviceList, 'total'>>;
  /** Names of devices, also of devices whose enrollment has ended. `visibleNames` removes names that the caller may not see. */
  names(devices: readonly DeviceId[]): Promise<DeviceName[]>;
  /** Returns those of the given devices that are within the scope. Devices whose enrollment has ended are included. */
  within(devices: readonly DeviceId[], scope: Scope): Promise<DeviceId[]>;
  /** Devices by their id, serial number, host name or display name; at most two for each text. */
  named(texts: readonly string[]): Promise<ReadonlyMap<string, readonly DeviceId[]>>;
  all(selection: Selection): Promise<DeviceId[]>;
  /**
   * Changes a device's home area, legal seat, group or location statement at the time `at` (server clock). Returns false if the device is
   * not active. Throws `not_found` if the new group does not exist. Throws `conflict` if the device's person does not belong to the new
   * group.
   */
  update(id: DeviceId, change: DeviceUpdate, at: number, entry?: LocationEntry | null): Promise<boolean>;
  /**
   * Makes one change on several devices in one transaction, as `update` does. Returns the changed devices: those that are active, and whose
   * person belongs to the new group. `entries`: ledger entries by device.
   */
  updateAll(
    ids: readonly DeviceId[],
    change: DeviceUpdate,
    at: number,
    entries: ReadonlyMap<DeviceId, LocationEntry>,
  ): Promise<DeviceId[]>;
  /**
   * Ends an active device: revokes its certificates, each with a ledger entry, and cancels its open commands. Messages that wait for the
   * device return to their senders, unless a legal hold keeps them. Returns false if the device is not active.
   */
  end(id: DeviceId, ended: Ended, entry: (serial: string) => EntryDraft<'certificate.revoked'>): Promise<boolean>;
}

/** Saved view of the device list. */
export interface DeviceView extends DeviceViewBody {
  readonly id: DeviceViewId;
  readonly owner: AccountId;
  readonly ownerName: string;
  readonly name: string;
  readonly shared: boolean;
  readonly changedAt: number;
}

export interface DeviceViewBody {
  /** Filter as in the query of the list. */
  readonly filter: Readonly<Record<string, unknown>>;
  readonly columns: readonly ListColumn[];
  readonly sort: DeviceSort;
  readonly descending: boolean;
}

export interface DeviceViewStore {
  /** Views of the account, and shared views of other accounts, by name. */
  views(account: AccountId): Promise<readonly DeviceView[]>;
  view(id: DeviceViewId): Promise<DeviceView | null>;
  /** Stores a new view or a new state of one. Throws `conflict` for a name that the account uses for another view, or beyond `most` views. */
  putView(view: Omit<DeviceView, 'ownerName'>, most: number): Promise<void>;
  deleteView(id: DeviceViewId): Promise<void>;
  /** Columns that the account chose; null if it has not chosen any. */
  columns(account: AccountId): Promise<readonly ListColumn[] | null>;
  setColumns(account: AccountId, columns: readonly ListColumn[]): Promise<void>;
}

/** Admins' marks on devices. */
export interface LifeCycleStore {
  /** Facts that decide about an action, by device. A device without a record is absent. */
  facts(devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, ActionFacts>>;
  /** Marks enrolled devices as missing (`since`: server clock) or as found (null). Returns the number of changed devices. */
  setMissing(devices: readonly DeviceId[], since: number | null): Promise<number>;
  /** Stores the display name of a device; null removes it. */
  rename(device: DeviceId, name: string | null): Promise<void>;
  displayName(device: DeviceId): Promise<string | null>;
  /** The `most` most frequent labels of devices within the scope. */
  labels(scope: Scope, most: number): Promise<readonly { readonly label: string; readonly devices: number }[]>;
  /** Throws `conflict`, and changes nothing, if a device would have too many labels. */
  changeLabels(devices: readonly DeviceId[], add: readonly string[], remove: readonly string[]): Promise<void>;
  /**
   * Retires a device, and ends its enrollment as `DeviceStore.end` does if it is active. Returns false if the device is already retired, or
   * has no record.
   */
  retire(id: DeviceId, ended: Ended, entry: (serial: string) => EntryDraft<'certificate.revoked'>): Promise<boolean>;
}

export interface CertificateStore {
  certificate(fingerprint: string): Promise<CertificateRow | null>;
  /** Marks all older certificates of an enrollment as superseded by the given certificate of this enrollment. */
  supersedeOlder(certificate: CertificateRow, at: number): Promise<void>;
  /** Certificates of all enrollments of a device, newest first. */
  certificates(id: DeviceId): Promise<DeviceCertificate[]>;
}

export interface StatementStore {
  nextExpiry(): Promise<number | null>;
  /**
   * Ends the location statements that have expired at `now`, and returns their devices. Repeated calls return the same devices until
   * `forgetStatements` is called.
   */
  expireStatements(now: number): Promise<DeviceId[]>;
  forgetStatements(now: number): Promise<void>;
}

export interface GroupStore {
  groups(): Promise<Group[]>;
  group(id: GroupId): Promise<Group | null>;
  /** Stores a new group. Throws `conflict` if another group has the same name. */
  insertGroup(group: NewGroup): Promise<void>;
  /** Changes a group. Throws `conflict` if another group has the new name. Returns false if the group does not exist. */
  updateGroup(id: GroupId, change: GroupChange, at: number): Promise<boolean>;
  /**
   * Deletes a group. Throws `conflict` with the list of uses if devices, activation codes, people or roles use the group. Returns false if
   * the group does not exist.
   */
  deleteGroup(id: GroupId, at: number): Promise<boolean>;
  /** Active devices whose primary group this is. */
  devicesOf(group: GroupId): Promise<DeviceId[]>;
  /** Active devices that are members of the group, whether primary, static or dynamic. */
  membersOf(group: GroupId): Promise<DeviceId[]>;
  placementsOf(group: GroupId): Promise<OwnPlacement[]>;
}

/** Home, legal seat and location statement of a device, without the home and legal seat of its group. */
export interface OwnPlacement {
  readonly device: DeviceId;
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
  readonly statement: Statement | null;
}

/**
 * One WebSocket connection of a device. Each new session has a higher `epoch` (session number). The server ignores reports from older
 * sessions.
 */
export interface Session {
  readonly device: DeviceId;
  readonly epoch: number;
}

export interface Connected {
  readonly device: DeviceId;
  readonly generation: number;
  readonly address: string | null;
  readonly agent: string | null;
  readonly at: number;
}

export interface Opened {
  readonly epoch: number;
  /** True if an older session of the device was still marked as connected. */
  readonly replacedSession: boolean;
  /** Highest number of a report that the server has stored in the device's present enrollment. */
  readonly reportsThrough: number;
  /** Versions of the order list, device record and approver set that the device last reported in its present enrollment. */
  readonly reportedVersions: { readonly list: number; readonly record: number; readonly approverSet: number };
}

/** HTTPS request of a suspended device, which may not open a WebSocket connection. */
export interface Contact {
  readonly device: DeviceId;
  readonly generation: number;
  readonly address: string | null;
  /** Versions of the documents that the device has, according to its request; null if the request states no versions. */
  readonly versions: Opened['reportedVersions'] | null;
  readonly at: number;
}

/** Data that a connected device reports. Absent fields keep their stored values. */
export interface ReportedState {
  readonly at: number;
  readonly agent?: string;
  readonly list?: number;
  readonly record?: number;
  readonly approverSet?: number;
  readonly reports?: number;
}

export type NewAlert = Pick<Alert, 'at' | 'device' | 'code' | 'detail'>;

export interface Alert {
  readonly id: number;
  /** Time of the newest occurrence. Equal alerts share one record with the number of occurrences (`count`) and the newest `detail`. */
  readonly at: number;
  readonly firstAt: number;
  readonly count: number;
  readonly isGrave: boolean;
  readonly device: DeviceId | null;
  readonly code: string;
  readonly detail: string;
  /**
   * Time at which an admin acknowledged the alert, and the present name of the admin's account (`by`). Null if no admin acknowledged the
   * alert.
   */
  readonly acknowledged: { readonly at: number; readonly by: string } | null;
}

export interface AlertQuery {
  readonly scope: Scope;
  readonly device: DeviceId | null;
  readonly about: 'installation' | 'devices' | null;
  readonly acknowledged: boolean | null;
  readonly since: number | null;
  readonly before: number | null;
  readonly grave: boolean;
  readonly limit: number;
}

export interface PresenceStore {
  /**
   * Opens a session. Returns null if the device is not active, or has enrolled again. If an older session of the device was open, the same
   * transaction raises `alert`.
   */
  connected(connected: Connected, alert: NewAlert): Promise<Opened | null>;
  /** Records the end of a session, unless a newer session of the device is open. */
  disconnected(session: Session, at: number): Promise<void>;
  recordState(session: Session, state: ReportedState): Promise<void>;
  /**
   * Records an HTTPS request of a suspended device. Does nothing while a session is open, or if an equal record is recent. A device that
   * has not connected in this enrollment has no presence record to update, so its requests are not recorded.
   */
  recordContact(contact: Contact): Promise<void>;
  reset(at: number): Promise<void>;
}

export interface AlertStore {
  raise(alert: NewAlert): Promise<void>;
  /** Alerts with an id below `before`, newest first. Only admins whose scope is unlimited see alerts about the installation. */
  alerts(query: AlertQuery): Promise<Alert[]>;
  /**
   * Marks an alert as acknowledged by an admin. Returns false if no alert with this id is within the admin's scope, for example because a
   * repeated alert has a new id. A second acknowledgment changes nothing.
   */
  acknowledge(id: number, scope: Scope, by: string, at: number): Promise<boolean>;
}
