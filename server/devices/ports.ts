import type { EvidenceArea, HomeArea } from '../../shared/areas/area-code.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { LocationRecord } from '../../shared/pack/location-records.ts';
import type { Inventory } from '../../shared/protocol/frames.ts';
import type { AccountId, DeviceId, GroupId, PersonId } from '../../shared/protocol/ids.ts';
import type { Placed, Scope } from './scope.ts';
import type { Workspace, WorkspaceState } from './workspace.ts';

export type DeviceStatus = 'active' | 'revoked' | 'unenrolled';

export interface Group {
  readonly id: GroupId;
  readonly name: string;
  /** Home for those devices of the group that have no home of their own. */
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
  readonly createdAt: number;
}

/**
 * Location statement: an admin's assertion about a device's present location, or about its home (one area). Times come from the `Clock`.
 */
export interface Statement {
  readonly kind: 'presence' | 'home';
  readonly reason: string;
  readonly areas: readonly HomeArea[];
  readonly at: number;
  readonly until: number;
  /** Admin who made the statement. Old statements lack this field and `confirmedBy`, the second person who confirmed the statement. */
  readonly by?: AccountId | undefined;
  readonly confirmedBy?: AccountId | null | undefined;
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
  readonly group: { readonly id: GroupId; readonly name: string };
  /** Home area that applies to the device: from a location statement, or else set on the device itself, or else set on its group. */
  readonly home: HomeArea | null;
  /** Legal seat that applies to the device: set on the device itself, or else on its group. */
  readonly seat: HomeArea | null;
  /** Home and legal seat that an admin set on the device itself, without those of its group. */
  readonly own: { readonly home: HomeArea | null; readonly seat: HomeArea | null };
  readonly statement: Statement | null;
  readonly underLegalHold: boolean;
  readonly enrolledAt: number;
  readonly endedAt: number | null;
  readonly recordVersion: number;
  readonly hostname: string | null;
  readonly platform: string | null;
  /** Workspace state that the device reported in its present enrollment. */
  readonly workspace: Workspace;
  /** Presence of the device; null before its first connection. */
  readonly presence: Presence | null;
}

export const DEVICE_SORTS = ['id', 'user', 'enrolled', 'seen'] as const;
export type DeviceSort = (typeof DEVICE_SORTS)[number];

export interface DeviceFilter {
  /** Text that the user's name, the host name or the device id must contain. For ASCII letters, case does not matter. */
  readonly text?: string;
  readonly group?: GroupId;
  readonly person?: PersonId;
  readonly status?: DeviceStatus;
  /** Area in which the device is, or may be. A device with an unknown or expired location matches no area. */
  readonly area?: EvidenceArea;
  readonly connected?: boolean;
  /** True: only devices that have connected at least once since their enrollment. False: only devices that have not. */
  readonly everConnected?: boolean;
  /** Only devices that are not connected, and whose last contact was before this time. */
  readonly seenBefore?: number;
  /** Only devices that have connected, and whose order list is older than this version. */
  readonly listBelow?: number;
  /** True: only devices with a known location (valid evidence). False: only devices with an unknown location. */
  readonly located?: boolean;
  /**
   * True: only devices whose messaging key the organization has countersigned. False: only devices whose messaging key waits for the
   * countersignature.
   */
  readonly countersigned?: boolean;
  readonly workspace?: WorkspaceState;
}

/** Selection of devices within an admin's scope that match the filter at the time `now`. */
export interface Selection {
  readonly filter: DeviceFilter;
  readonly scope: Scope;
  readonly now: number;
}

export interface DeviceQuery extends Selection {
  readonly sort: DeviceSort;
  readonly descending: boolean;
  /** Position after the last device of the previous page: its sort value and its id. Null for the first page. */
  readonly after: { readonly value: string | number; readonly id: string } | null;
  readonly offset: number;
  readonly limit: number;
}

/** Certificate of a device. Times come from the system clock. */
export interface HeldCertificate {
  readonly serial: string;
  readonly fingerprint: string;
  readonly profile: string;
  readonly generation: number | null;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly revokedAt: number | null;
  readonly supersededAt: number | null;
}

/** Certificate with the present state of its device, for the check when a device connects. */
export interface CertificateRow extends HeldCertificate {
  readonly der: string;
  readonly device: DeviceId | null;
  readonly issuedAt: number;
  readonly deviceStatus: DeviceStatus | null;
  readonly deviceGeneration: number | null;
  /** True for a renewed certificate before its first use. Until then, the older certificate of the same enrollment stays valid. */
  readonly renews: boolean;
}

export interface Ended {
  readonly status: 'revoked' | 'unenrolled';
  /** Time of the end by the `Clock`, for the device. */
  readonly at: number;
  /** Time of the end by the system clock, for the device's certificates and commands. */
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
}

/** Record of a location change that changes a verdict. The ledger entry contains only a digest of `record`. */
export interface LocationEntry {
  readonly entry: EntryDraft<'location.stated'>;
  readonly orders: readonly string[];
  readonly record: LocationRecord;
  /** Reason for the location change; null if the admin gave no reason. */
  readonly reason: { readonly text: string; readonly salt: string } | null;
}

export interface DeviceStore {
  get(id: DeviceId): Promise<Device | null>;
  /** One page of a device selection. `total`: number of devices on all pages. */
  list(query: DeviceQuery): Promise<{ readonly devices: Device[]; readonly total: number }>;
  /** Names of devices, including ended devices. `visibleNames` removes names that the caller may not see. */
  names(devices: readonly DeviceId[]): Promise<DeviceName[]>;
  /** Those of the given devices that are within the scope, including ended devices. */
  within(devices: readonly DeviceId[], scope: Scope): Promise<DeviceId[]>;
  all(selection: Selection): Promise<DeviceId[]>;
  /**
   * Changes an active device. `at`: time by the `Clock`. Returns false if the device is not active. Throws `not_found` if the new group
   * does not exist, and `conflict` if the device's person does not belong to the group.
   */
  update(id: DeviceId, change: DeviceUpdate, at: number, entry?: LocationEntry | null): Promise<boolean>;
  /**
   * Ends an active device. The store revokes the device's certificates, each with a ledger entry, and cancels its open commands. Messages
   * that wait for the device return to their senders, unless a legal hold keeps them. Returns false if the device is not active.
   */
  end(id: DeviceId, ended: Ended, entry: (serial: string) => EntryDraft<'certificate.revoked'>): Promise<boolean>;
}

export interface CertificateStore {
  certificate(fingerprint: string): Promise<CertificateRow | null>;
  /** Marks the older certificates of the same enrollment as superseded by this certificate. */
  supersedeOlder(certificate: CertificateRow, at: number): Promise<void>;
  /** Certificates of all enrollments of a device, newest first. */
  certificates(id: DeviceId): Promise<HeldCertificate[]>;
}

export interface StatementStore {
  /** Time at which the next location statement expires; null if no statement will expire. */
  nextExpiry(): Promise<number | null>;
  /**
   * Ends the location statements that have expired at `now`, and returns their devices. Repeated calls return these devices again, until
   * `forgetStatements` is called.
   */
  expireStatements(now: number): Promise<DeviceId[]>;
  forgetStatements(now: number): Promise<void>;
}

export interface GroupStore {
  groups(): Promise<Group[]>;
  group(id: GroupId): Promise<Group | null>;
  /** Creates a group. Throws `conflict` if another group has this name. */
  insertGroup(group: Group): Promise<void>;
  /** Changes a group. Throws `conflict` if another group has the new name. Returns false if the group does not exist. */
  updateGroup(
    id: GroupId,
    change: { name?: string; home?: HomeArea | null; seat?: HomeArea | null },
    at: number,
  ): Promise<boolean>;
  /**
   * Deletes a group. Throws `conflict` if devices, activation codes or people belong to the group. Returns false if the group does not
   * exist.
   */
  deleteGroup(id: GroupId, at: number): Promise<boolean>;
  devicesOf(group: GroupId): Promise<DeviceId[]>;
  placementsOf(group: GroupId): Promise<OwnPlacement[]>;
}

/**
 * Home, legal seat and location statement of one device in a group. `home` and `seat`: set on the device itself, without those of the
 * group.
 */
export interface OwnPlacement {
  readonly device: DeviceId;
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
  readonly statement: Statement | null;
}

/**
 * Session of a device: one WebSocket connection. Each new session has a higher `epoch` (session number). The server ignores reports from
 * older sessions.
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
  /** True if the store still had another session of the device as connected. */
  readonly tookOver: boolean;
  /** Highest number of a report that the server has stored in this enrollment. */
  readonly reportsThrough: number;
  /** Versions of the documents that the device has, as last reported in this enrollment. */
  readonly held: { readonly list: number; readonly record: number; readonly approverSet: number };
}

/** HTTPS request of a suspended device, which may not open a WebSocket connection. */
export interface Sighted {
  readonly device: DeviceId;
  readonly generation: number;
  readonly address: string | null;
  /** Versions of the documents that the device has, according to its request. Null if the request states no versions. */
  readonly held: Opened['held'] | null;
  readonly at: number;
}

/** Data that a connected device reports. Fields that are absent do not change. */
export interface Seen {
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
  /**
   * Time of the newest occurrence. Equal alerts share one record with the number of occurrences, `count`, and with the `detail` of the
   * newest one.
   */
  readonly at: number;
  readonly firstAt: number;
  readonly count: number;
  readonly isGrave: boolean;
  readonly device: DeviceId | null;
  readonly code: string;
  readonly detail: string;
  /** Acknowledgment by an admin. `by`: the account's present name. */
  readonly acknowledged: { readonly at: number; readonly by: string } | null;
}

export interface AlertQuery {
  readonly scope: Scope;
  readonly device: DeviceId | null;
  /** `installation`: only alerts about the installation. `devices`: only alerts about devices. Null: all alerts. */
  readonly about: 'installation' | 'devices' | null;
  /** True: only acknowledged alerts. False: only open alerts. Null: all alerts. */
  readonly acknowledged: boolean | null;
  /** Excludes alerts that are older than this time. */
  readonly since: number | null;
  readonly before: number | null;
  readonly grave: boolean;
  readonly limit: number;
}

export interface PresenceStore {
  /**
   * Opens a session and records the connection. Returns null if the device is not active, or has enrolled again since. If another session
   * of the device was open, the same transaction raises `alert`.
   */
  connected(connected: Connected, alert: NewAlert): Promise<Opened | null>;
  /** Records the end of a session. Does nothing if a newer session of the device is open. */
  disconnected(session: Session, at: number): Promise<void>;
  seen(session: Session, seen: Seen): Promise<void>;
  /**
   * Records an HTTPS request of a suspended device. Does nothing in three cases: a session is open, an equal record is only a short time
   * old, or the device has never connected.
   */
  sighted(sighted: Sighted): Promise<void>;
  /** Marks all devices as disconnected. The server calls this at its start. */
  reset(at: number): Promise<void>;
  putInventory(device: DeviceId, inventory: Inventory): Promise<void>;
  inventory(device: DeviceId): Promise<Inventory | null>;
}

export interface AlertStore {
  raise(alert: NewAlert): Promise<void>;
  /** Alerts with an id below `before`, newest first. Only admins whose scope is unlimited see alerts about the installation. */
  alerts(query: AlertQuery): Promise<Alert[]>;
  /**
   * Acknowledges an alert. Returns false if the alert was raised again in the meantime, is too old, or is outside the scope. Acknowledging
   * an alert twice changes nothing.
   */
  acknowledge(id: number, scope: Scope, by: string, at: number): Promise<boolean>;
}
