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
  /** Home for devices without their own. */
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
  readonly createdAt: number;
}

/** An admin's location statement on a device, or on its home (one area), while it is valid. Domain time. */
export interface Statement {
  readonly kind: 'presence' | 'home';
  readonly reason: string;
  readonly areas: readonly HomeArea[];
  readonly at: number;
  readonly until: number;
  /** The admin who made the statement and the second person who confirmed it. Absent in old statements. */
  readonly by?: AccountId | undefined;
  readonly confirmedBy?: AccountId | null | undefined;
}

/** Times are domain time. `address`: of the last connection, or of the last poll of a suspended device. */
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
  /** Effective home: from a statement, or the device's own, or its group's. */
  readonly home: HomeArea | null;
  /** The device's own seat, or its group's. */
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
  /** Workspace state that the present enrollment reported. */
  readonly workspace: Workspace;
  /** Presence; null until the device has connected. */
  readonly presence: Presence | null;
}

export const DEVICE_SORTS = ['id', 'user', 'enrolled', 'seen'] as const;
export type DeviceSort = (typeof DEVICE_SORTS)[number];

export interface DeviceFilter {
  /** Part of the user's name, the host name or the id. ASCII letters match in either case. */
  readonly text?: string;
  readonly group?: GroupId;
  readonly person?: PersonId;
  readonly status?: DeviceStatus;
  /** Current or possible location. A device with an expired location matches no area. */
  readonly area?: EvidenceArea;
  readonly connected?: boolean;
  /** True: the device has connected since its enrollment. */
  readonly everConnected?: boolean;
  /** Devices that were last seen before this time and are not connected. */
  readonly seenBefore?: number;
  /** Devices that have connected and have an older order list than this version. */
  readonly listBelow?: number;
  /** True: fresh evidence locates the device. */
  readonly located?: boolean;
  /** True: the organization has countersigned the device's messaging key. False: the key waits for that. */
  readonly countersigned?: boolean;
  readonly workspace?: WorkspaceState;
}

/** A selection of devices: those that match the filter at `now` within the scope. */
export interface Selection {
  readonly filter: DeviceFilter;
  readonly scope: Scope;
  readonly now: number;
}

export interface DeviceQuery extends Selection {
  readonly sort: DeviceSort;
  readonly descending: boolean;
  /** Sort value and id of the last device of the previous page. */
  readonly after: { readonly value: string | number; readonly id: string } | null;
  readonly offset: number;
  readonly limit: number;
}

/** Certificate of a device. Its times are real times. */
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

/** A certificate with its device's present state, for the check at an upgrade. */
export interface CertificateRow extends HeldCertificate {
  readonly der: string;
  readonly device: DeviceId | null;
  readonly issuedAt: number;
  readonly deviceStatus: DeviceStatus | null;
  readonly deviceGeneration: number | null;
  /** True for a renewed certificate before its first use: an older certificate of the same generation is still valid. */
  readonly renews: boolean;
}

export interface Ended {
  readonly status: 'revoked' | 'unenrolled';
  /** Domain time, for the device. */
  readonly at: number;
  /** Real time, for its certificates and commands. */
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

/** A change of location that changes an order's verdict: its ledger entry, and the record whose digest the entry names. */
export interface LocationEntry {
  readonly entry: EntryDraft<'location.stated'>;
  readonly orders: readonly string[];
  readonly record: LocationRecord;
  /** Reason; null for a change without one. */
  readonly reason: { readonly text: string; readonly salt: string } | null;
}

export interface DeviceStore {
  get(id: DeviceId): Promise<Device | null>;
  /** `total`: the size of the whole selection. */
  list(query: DeviceQuery): Promise<{ readonly devices: Device[]; readonly total: number }>;
  /** Names of devices in any status, for `visibleNames`. */
  names(devices: readonly DeviceId[]): Promise<DeviceName[]>;
  /** The given devices that are within the scope, in any status. */
  within(devices: readonly DeviceId[], scope: Scope): Promise<DeviceId[]>;
  all(selection: Selection): Promise<DeviceId[]>;
  /**
   * Changes a device. False without such an active device. Throws `not_found` without such a group, and `conflict` when the device's person
   * does not belong to it. Times are domain time.
   */
  update(id: DeviceId, change: DeviceUpdate, at: number, entry?: LocationEntry | null): Promise<boolean>;
  /**
   * Ends an active device: revokes its certificates, each with its ledger entry, cancels its open commands, and returns its waiting
   * messages unless a legal hold keeps them. False without an active device.
   */
  end(id: DeviceId, ended: Ended, entry: (serial: string) => EntryDraft<'certificate.revoked'>): Promise<boolean>;
}

export interface CertificateStore {
  certificate(fingerprint: string): Promise<CertificateRow | null>;
  /** Marks all older certificates of the same enrollment as superseded. */
  supersedeOlder(certificate: CertificateRow, at: number): Promise<void>;
  /** Certificates of all enrollments, newest first. */
  certificates(id: DeviceId): Promise<HeldCertificate[]>;
}

export interface StatementStore {
  /** End of the next statement; null without one. */
  nextExpiry(): Promise<number | null>;
  /** Ends the statements that have expired at `now`, and returns their devices until `forgetStatements`. */
  expireStatements(now: number): Promise<DeviceId[]>;
  forgetStatements(now: number): Promise<void>;
}

export interface GroupStore {
  groups(): Promise<Group[]>;
  group(id: GroupId): Promise<Group | null>;
  /** Creates a group. Throws `conflict` when the name exists. */
  insertGroup(group: Group): Promise<void>;
  /** Changes a group. Throws `conflict` when the name exists. False without such a group. */
  updateGroup(
    id: GroupId,
    change: { name?: string; home?: HomeArea | null; seat?: HomeArea | null },
    at: number,
  ): Promise<boolean>;
  /** Deletes a group. Throws `conflict` while devices, activation codes or people are in it. False without such a group. */
  deleteGroup(id: GroupId, at: number): Promise<boolean>;
  devicesOf(group: GroupId): Promise<DeviceId[]>;
  placementsOf(group: GroupId): Promise<OwnPlacement[]>;
}

/** `home` and `seat`: the device's own, without its group's. */
export interface OwnPlacement {
  readonly device: DeviceId;
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
  readonly statement: Statement | null;
}

/** One socket of a device. Reports with an older epoch are ignored. */
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
  /** True: another socket of this device counted as connected. */
  readonly tookOver: boolean;
  /** The highest stored report of this enrollment. */
  readonly reportsThrough: number;
  /** The last known document versions of this enrollment. */
  readonly held: { readonly list: number; readonly record: number; readonly approverSet: number };
}

/** A poll of a suspended device by HTTPS. */
export interface Sighted {
  readonly device: DeviceId;
  readonly generation: number;
  readonly address: string | null;
  /** Stored document versions in the device's request; null: not stated. */
  readonly held: Opened['held'] | null;
  readonly at: number;
}

/** Facts from a live socket. Missing fields stay unchanged. */
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
  /** Time of the newest of the `count` alerts, which also gives `detail`. */
  readonly at: number;
  readonly firstAt: number;
  readonly count: number;
  readonly isGrave: boolean;
  readonly device: DeviceId | null;
  readonly code: string;
  readonly detail: string;
  /** `by`: the present name of the account. */
  readonly acknowledged: { readonly at: number; readonly by: string } | null;
}

export interface AlertQuery {
  readonly scope: Scope;
  readonly device: DeviceId | null;
  /** Selects alerts about the installation or about devices; null: both. */
  readonly about: 'installation' | 'devices' | null;
  /** Selects acknowledged or open alerts; null: both. */
  readonly acknowledged: boolean | null;
  /** Excludes alerts from before this time. */
  readonly since: number | null;
  readonly before: number | null;
  readonly grave: boolean;
  readonly limit: number;
}

export interface PresenceStore {
  /** Records a connection. Null when the device is not active in this generation. A take-over raises `alert` in the same transaction. */
  connected(connected: Connected, alert: NewAlert): Promise<Opened | null>;
  /** Records the end of a connection. Does nothing when a newer session has opened. */
  disconnected(session: Session, at: number): Promise<void>;
  seen(session: Session, seen: Seen): Promise<void>;
  /** Records a poll. Does nothing while a session is open, shortly after an equal record, or before the first connection. */
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
  /** Acknowledges an alert. False if it was raised again, is too old or is outside the scope. A second acknowledgment changes nothing. */
  acknowledge(id: number, scope: Scope, by: string, at: number): Promise<boolean>;
}
