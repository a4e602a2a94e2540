/** What the devices module asks of the store, and the shapes that go through it. */
import type { AreaCode } from '../../shared/areas/area-code.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import type { Inventory } from '../../shared/protocol/frames.ts';
import type { DeviceId, GroupId, PersonId } from '../../shared/protocol/ids.ts';
import type { Scope } from './scope.ts';

export type DeviceStatus = 'active' | 'revoked' | 'unenrolled';

export interface Group {
  readonly id: GroupId;
  readonly name: string;
  /** For devices that have none of their own. */
  readonly home: AreaCode | null;
  readonly seat: AreaCode | null;
  readonly createdAt: number;
}

/** An admin's word on where a device is, or on where its home is (then one place), while it holds. Domain time. */
export interface Statement {
  readonly kind: 'presence' | 'home';
  readonly reason: string;
  readonly areas: readonly AreaCode[];
  readonly at: number;
  readonly until: number;
}

/** Times are domain time. `address` is what the last connection came from, or the last poll of a device that may not connect. */
export interface Presence {
  readonly connected: boolean;
  readonly changedAt: number;
  readonly lastSeenAt: number;
  readonly address: string | null;
  readonly agent: string | null;
  readonly listVersion: number;
  readonly recordStored: number;
  readonly rootVersion: number;
  readonly reportsThrough: number;
}

export interface Device {
  readonly id: DeviceId;
  readonly generation: number;
  readonly status: DeviceStatus;
  readonly person: PersonId;
  /** The person's name. */
  readonly user: string;
  readonly group: { readonly id: GroupId; readonly name: string };
  /** What a statement says, or else its own, or else its group's. */
  readonly home: AreaCode | null;
  /** Its own, or else its group's. */
  readonly seat: AreaCode | null;
  /** What was set on the device itself. */
  readonly own: { readonly home: AreaCode | null; readonly seat: AreaCode | null };
  readonly statement: Statement | null;
  /** A legal hold on the device or on its person is in effect. */
  readonly underHold: boolean;
  readonly enrolledAt: number;
  readonly endedAt: number | null;
  readonly recordVersion: number;
  readonly hostname: string | null;
  readonly platform: string | null;
  /** Null until it has connected for the first time. */
  readonly presence: Presence | null;
}

export const DEVICE_SORTS = ['id', 'user', 'enrolled', 'seen'] as const;
export type DeviceSort = (typeof DEVICE_SORTS)[number];

export interface DeviceFilter {
  /** Part of the user's name, the host name or the id; ASCII letters in either case. */
  readonly text?: string;
  readonly group?: GroupId;
  readonly person?: PersonId;
  readonly status?: DeviceStatus;
  /** Where the device is, or may be; a device whose place is not known any more is nowhere. */
  readonly area?: AreaCode;
  readonly connected?: boolean;
}

/** Which devices: those of the filter that the scope reaches, as they are at `now`. */
export interface Selection {
  readonly filter: DeviceFilter;
  readonly scope: Scope;
  readonly now: number;
}

export interface DeviceQuery extends Selection {
  readonly sort: DeviceSort;
  readonly descending: boolean;
  /** The sort's value and the id of the last device of the page before. */
  readonly after: { readonly value: string | number; readonly id: string } | null;
  /** How many to pass over first. */
  readonly offset: number;
  readonly limit: number;
}

/** A certificate that was issued to a device. Real times. */
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

/** A certificate as the listener's question finds it, with what its device has become since. */
export interface CertificateRow extends HeldCertificate {
  readonly der: string;
  readonly device: DeviceId | null;
  readonly issuedAt: number;
  readonly deviceStatus: DeviceStatus | null;
  readonly deviceGeneration: number | null;
  /** An older certificate of the same generation is still good: this one has not been used before. */
  readonly renews: boolean;
}

export interface Ended {
  readonly status: 'revoked' | 'unenrolled';
  /** Domain time, for the device. */
  readonly at: number;
  /** Real time, for its certificates and commands. */
  readonly realAt: number;
  /** RFC 5280, section 5.3.1. */
  readonly reason: number;
}

export interface DeviceUpdate {
  readonly home?: AreaCode | null;
  readonly seat?: AreaCode | null;
  readonly group?: GroupId;
  readonly statement?: Statement | null;
}

export interface DeviceStore {
  certificate(fingerprint: string): Promise<CertificateRow | null>;
  /** Marks every older certificate of the same device and generation as superseded. */
  supersedeOlder(certificate: CertificateRow, at: number): Promise<void>;
  get(id: DeviceId): Promise<Device | null>;
  /** Of all its enrolments, the newest first. */
  certificates(id: DeviceId): Promise<HeldCertificate[]>;
  /** `total`: of the whole selection, whatever the page. */
  list(query: DeviceQuery): Promise<{ readonly devices: Device[]; readonly total: number }>;
  /** Which of these are within the scope, whatever their status. */
  within(devices: readonly DeviceId[], scope: Scope): Promise<DeviceId[]>;
  all(selection: Selection): Promise<DeviceId[]>;
  /**
   * False when there is no such active device. Throws `not_found` when the group does not exist, `conflict` when the device's person does not
   * belong to it. Domain time.
   */
  update(id: DeviceId, change: DeviceUpdate, at: number): Promise<boolean>;
  /** When the next statement lapses; null: there is none. */
  nextLapse(): Promise<number | null>;
  /** Devices whose statement has lapsed at `now`: it states no home any more, but they are found again until `forgetStatements`. */
  lapseStatements(now: number): Promise<DeviceId[]>;
  forgetStatements(now: number): Promise<void>;
  /**
   * Ends an active device: its certificates are revoked, each with its leaf, its open commands cancelled, and what waits for it goes back, unless
   * a legal hold keeps it. False, and nothing changed, when it is not active.
   */
  end(id: DeviceId, ended: Ended, leaf: (serial: string) => LeafDraft<'certificate.revoked'>): Promise<boolean>;
}

export interface GroupStore {
  groups(): Promise<Group[]>;
  group(id: GroupId): Promise<Group | null>;
  /** Throws `conflict` when the name is taken. */
  insertGroup(group: Group): Promise<void>;
  /** Throws `conflict` when the name is taken; false when there is no such group. */
  updateGroup(
    id: GroupId,
    change: { name?: string; home?: AreaCode | null; seat?: AreaCode | null },
    at: number,
  ): Promise<boolean>;
  /** Throws `conflict` while devices, activation codes or people are in it; false when there is no such group. */
  deleteGroup(id: GroupId, at: number): Promise<boolean>;
  devicesOf(group: GroupId): Promise<DeviceId[]>;
}

/** One socket of a device. The epoch fences: what an older socket says no longer counts. */
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
  /** Another socket of this device counted as connected. */
  readonly tookOver: boolean;
  /** The highest report stored of this generation. */
  readonly reportsThrough: number;
  /** What this enrolment was last known to hold. */
  readonly held: { readonly list: number; readonly record: number; readonly root: number };
}

/** A device that may not connect has asked by plain HTTPS what it has to know. */
export interface Sighted {
  readonly device: DeviceId;
  readonly generation: number;
  readonly address: string | null;
  /** What it says that it has stored; null: it does not say. */
  readonly held: Opened['held'] | null;
  readonly at: number;
}

/** What a live socket has told. What is left out stays as it is. */
export interface Seen {
  readonly at: number;
  readonly agent?: string;
  readonly list?: number;
  readonly record?: number;
  readonly root?: number;
  readonly reports?: number;
}

export type NewAlarm = Pick<Alarm, 'at' | 'device' | 'code' | 'detail'>;

export interface Alarm {
  readonly id: number;
  /** Time of the newest of the `count` alarms; `detail` is from the same one. */
  readonly at: number;
  readonly firstAt: number;
  readonly count: number;
  readonly isGrave: boolean;
  readonly device: DeviceId | null;
  readonly code: string;
  readonly detail: string;
}

export interface PresenceStore {
  /** Null when the device is not active in this generation (any more). A take-over raises `alarm` in the same transaction. */
  connected(connected: Connected, alarm: NewAlarm): Promise<Opened | null>;
  /** Nothing happens when a newer session has opened. */
  disconnected(session: Session, at: number): Promise<void>;
  seen(session: Session, seen: Seen): Promise<void>;
  /** Nothing happens while a session is open, nor when the same was written down a short time ago, nor before the enrolment has connected once. */
  sighted(sighted: Sighted): Promise<void>;
  /** After a restart no socket is left. */
  reset(at: number): Promise<void>;
  putInventory(device: DeviceId, inventory: Inventory): Promise<void>;
  inventory(device: DeviceId): Promise<Inventory | null>;
  raise(alarm: NewAlarm): Promise<void>;
  /** Newest first, below the id `before`. Alarms about no device are seen by those alone who see all. */
  alarms(query: {
    scope: Scope;
    device: DeviceId | null;
    before: number | null;
    grave: boolean;
    limit: number;
  }): Promise<Alarm[]>;
}
