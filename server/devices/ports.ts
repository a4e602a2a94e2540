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
  /** Home for devices of the group that have no home of their own. */
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
  readonly createdAt: number;
}

/** Admin's location statement about a device, or about its home (one area), while the statement is valid. Times are domain time. */
export interface Statement {
  readonly kind: 'presence' | 'home';
  readonly reason: string;
  readonly areas: readonly HomeArea[];
  readonly at: number;
  readonly until: number;
  /** Admin who made the statement, and second person who confirmed it. Absent in old statements. */
  readonly by?: AccountId | undefined;
  readonly confirmedBy?: AccountId | null | undefined;
}

/** Presence of a device, in domain time. `address`: of the last connection, or of the last request of a suspended device. */
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
  /** Effective home: from a location statement, or else the device's own, or else its group's. */
  readonly home: HomeArea | null;
  /** Effective seat: the device's own, or else its group's. */
  readonly seat: HomeArea | null;
  /** Home and seat that were set on the device itself. */
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
  /** Presence; null until the device has connected. */
  readonly presence: Presence | null;
}

export const DEVICE_SORTS = ['id', 'user', 'enrolled', 'seen'] as const;
export type DeviceSort = (typeof DEVICE_SORTS)[number];

export interface DeviceFilter {
  /** Text to search for in the user's name, the host name or the id. ASCII letters match in either case. */
  readonly text?: string;
  readonly group?: GroupId;
  readonly person?: PersonId;
  readonly status?: DeviceStatus;
  /** Current or possible area of the device. A device with an expired location matches no area. */
  readonly area?: EvidenceArea;
  readonly connected?: boolean;
  /** True selects devices that have connected since their enrollment. */
  readonly everConnected?: boolean;
  /** Selects devices that are not connected and were last seen before this time. */
  readonly seenBefore?: number;
  /** Selects devices that have connected and have an older order list than this version. */
  readonly listBelow?: number;
  /** True selects devices that valid evidence locates. */
  readonly located?: boolean;
  /**
   * True selects devices whose messaging key the organization has countersigned; false selects devices whose key waits for the
   * countersignature.
   */
  readonly countersigned?: boolean;
  readonly workspace?: WorkspaceState;
}

/** Selection of devices: those that match the filter at the time `now` within the scope. */
export interface Selection {
  readonly filter: DeviceFilter;
  readonly scope: Scope;
  readonly now: number;
}

export interface DeviceQuery extends Selection {
  readonly sort: DeviceSort;
  readonly descending: boolean;
  /** Sort value and id of the last device on the previous page. */
  readonly after: { readonly value: string | number; readonly id: string } | null;
  readonly offset: number;
  readonly limit: number;
}

/** Certificate of a device, in real time. */
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

/** Certificate with its device's present state, for the check at an upgrade. */
export interface CertificateRow extends HeldCertificate {
  readonly der: string;
  readonly device: DeviceId | null;
  readonly issuedAt: number;
  readonly deviceStatus: DeviceStatus | null;
  readonly deviceGeneration: number | null;
  /** True for a renewed certificate before its first use, while an older certificate of the same generation is still valid. */
  readonly renews: boolean;
}

export interface Ended {
  readonly status: 'revoked' | 'unenrolled';
  /** Domain time of the end, for the device. */
  readonly at: number;
  /** Real time of the end, for the device's certificates and commands. */
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

/** Change of location that changes a verdict: its ledger entry, and the record whose digest the entry contains. */
export interface LocationEntry {
  readonly entry: EntryDraft<'location.stated'>;
  readonly orders: readonly string[];
  readonly record: LocationRecord;
  /** Reason for the change; null if the admin gave none. */
  readonly reason: { readonly text: string; readonly salt: string } | null;
}

export interface DeviceStore {
  get(id: DeviceId): Promise<Device | null>;
  /** Page of a selection of devices. `total`: size of the whole selection. */
  list(query: DeviceQuery): Promise<{ readonly devices: Device[]; readonly total: number }>;
  /** Names of devices in any status, for `visibleNames`. */
  names(devices: readonly DeviceId[]): Promise<DeviceName[]>;
  /** Given devices that are within the scope, in any status. */
  within(devices: readonly DeviceId[], scope: Scope): Promise<DeviceId[]>;
  all(selection: Selection): Promise<DeviceId[]>;
  /**
   * Changes a device, in domain time. Returns false if no such device is active. Throws `not_found` for an unknown group, and `conflict` if
   * the device's person does not belong to the group.
   */
  update(id: DeviceId, change: DeviceUpdate, at: number, entry?: LocationEntry | null): Promise<boolean>;
  /**
   * Ends an active device: revokes its certificates, each with its ledger entry, cancels its open commands, and returns its waiting
   * messages unless a legal hold keeps them. Returns false if the device is not active.
   */
  end(id: DeviceId, ended: Ended, entry: (serial: string) => EntryDraft<'certificate.revoked'>): Promise<boolean>;
}

export interface CertificateStore {
  certificate(fingerprint: string): Promise<CertificateRow | null>;
  /** Marks all older certificates of the same enrollment as superseded. */
  supersedeOlder(certificate: CertificateRow, at: number): Promise<void>;
  /** Certificates of all enrollments of a device, newest first. */
  certificates(id: DeviceId): Promise<HeldCertificate[]>;
}

export interface StatementStore {
  /** Time at which the next location statement ends; null without a statement. */
  nextExpiry(): Promise<number | null>;
  /** Ends the location statements that have expired at `now`, and returns their devices until `forgetStatements` is called. */
  expireStatements(now: number): Promise<DeviceId[]>;
  forgetStatements(now: number): Promise<void>;
}

export interface GroupStore {
  groups(): Promise<Group[]>;
  group(id: GroupId): Promise<Group | null>;
  /** Creates a group. Throws `conflict` if the name exists. */
  insertGroup(group: Group): Promise<void>;
  /** Changes a group. Throws `conflict` if the name exists. Returns false for an unknown group. */
  updateGroup(
    id: GroupId,
    change: { name?: string; home?: HomeArea | null; seat?: HomeArea | null },
    at: number,
  ): Promise<boolean>;
  /** Deletes a group. Throws `conflict` while devices, activation codes or people are in it. Returns false for an unknown group. */
  deleteGroup(id: GroupId, at: number): Promise<boolean>;
  devicesOf(group: GroupId): Promise<DeviceId[]>;
  placementsOf(group: GroupId): Promise<OwnPlacement[]>;
}

/** `home` and `seat`: the device's own, without those of its group. */
export interface OwnPlacement {
  readonly device: DeviceId;
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
  readonly statement: Statement | null;
}

/** Session of a device: one socket. Reports from a session with an older epoch are ignored. */
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
  /** True if another socket of the device was recorded as connected. */
  readonly tookOver: boolean;
  /** Highest report number that is stored for this enrollment. */
  readonly reportsThrough: number;
  /** Last known document versions of the device in this enrollment. */
  readonly held: { readonly list: number; readonly record: number; readonly approverSet: number };
}

/** Request of a suspended device over HTTPS. */
export interface Sighted {
  readonly device: DeviceId;
  readonly generation: number;
  readonly address: string | null;
  /** Document versions that the device has according to its request; null if the request states none. */
  readonly held: Opened['held'] | null;
  readonly at: number;
}

/** Facts from a connected device. Missing fields stay unchanged. */
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
  /** Time of the newest of the `count` equal alerts. Its text is in `detail`. */
  readonly at: number;
  readonly firstAt: number;
  readonly count: number;
  readonly isGrave: boolean;
  readonly device: DeviceId | null;
  readonly code: string;
  readonly detail: string;
  /** `by`: present name of the account. */
  readonly acknowledged: { readonly at: number; readonly by: string } | null;
}

export interface AlertQuery {
  readonly scope: Scope;
  readonly device: DeviceId | null;
  /** Selects alerts about the installation or about devices; null for all. */
  readonly about: 'installation' | 'devices' | null;
  /** Selects acknowledged or open alerts; null for all. */
  readonly acknowledged: boolean | null;
  /** Excludes alerts from before this time. */
  readonly since: number | null;
  readonly before: number | null;
  readonly grave: boolean;
  readonly limit: number;
}

export interface PresenceStore {
  /**
   * Records a connection. Returns null if the device is not active in this generation. If another session was open, the same transaction
   * raises `alert`.
   */
  connected(connected: Connected, alert: NewAlert): Promise<Opened | null>;
  /** Records the end of a connection. Does nothing if a newer session has opened. */
  disconnected(session: Session, at: number): Promise<void>;
  seen(session: Session, seen: Seen): Promise<void>;
  /**
   * Records a request of a suspended device. Does nothing while a session is open, shortly after an equal record, or before the first
   * connection.
   */
  sighted(sighted: Sighted): Promise<void>;
  /** Marks all devices as disconnected, after a restart. */
  reset(at: number): Promise<void>;
  putInventory(device: DeviceId, inventory: Inventory): Promise<void>;
  inventory(device: DeviceId): Promise<Inventory | null>;
}

export interface AlertStore {
  raise(alert: NewAlert): Promise<void>;
  /** Alerts with an id below `before`, newest first. Only admins with the full scope see alerts of the installation. */
  alerts(query: AlertQuery): Promise<Alert[]>;
  /**
   * Acknowledges an alert. Returns false if the alert was raised again, is too old or is outside the scope. A repeated acknowledgment
   * changes nothing.
   */
  acknowledge(id: number, scope: Scope, by: string, at: number): Promise<boolean>;
}
