import type { HomeArea } from '../../shared/areas/area-code.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import type { DeviceId, GroupId, PersonId } from '../../shared/protocol/ids.ts';
import type { ServiceVerdict } from '../../shared/verdict/terms.ts';
import type { Scope } from '../devices/devices.ts';

/** Activation code to store. All its times are from the machine's clock. */
export interface NewCode {
  readonly id: DeviceId;
  /** SHA-256 hash of the activation code's secret, in hex. */
  readonly secretHash: string;
  readonly person: PersonId;
  readonly group: GroupId;
  /**
   * Home area that the activation code gives the device. Null: the device keeps its own home area. A device without its own home area uses
   * the home area of its group.
   */
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
  readonly by: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** True if the code enrolls a mail connector. */
  readonly mailConnector: boolean;
}

/**
 * Activation code in the store. If the code enrolls an existing device again, `group` is the current group of the device. `home` and `seat`
 * are those of the device, unless the code sets others.
 */
export interface StoredCode extends NewCode {
  readonly user: string;
  readonly usedAt: number | null;
  readonly canceledAt: number | null;
}

export type CodeState = 'open' | 'used' | 'expired' | 'canceled';

/**
 * Last activation code of the previous page, after which the next page begins.
 *
 * `open`: true if the code was open when that page was read. The next page needs this value, because the list has open codes before all
 * others.
 */
export interface CodePosition {
  readonly open: boolean;
  readonly createdAt: number;
  readonly id: DeviceId;
}

export interface CodeQuery {
  /** State of the codes to list; null to list codes in every state. */
  readonly state: CodeState | null;
  readonly scope: Scope;
  readonly after: CodePosition | null;
  readonly limit: number;
  /** Time at which the query decides whether an activation code is open or expired, in milliseconds of the machine's clock. */
  readonly now: number;
}

/** Data about a device that its first device record contains. */
export interface Personalia {
  /**
   * Effective home area: from an admin's location statement, or else from the activation code, the device or the group. The legal seat
   * (`seat`) comes from the code, the device or the group.
   */
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
  readonly group: { readonly name: string; readonly mailPrograms: boolean };
  readonly underLegalHold: boolean;
}

export interface RedeemableCode {
  readonly code: StoredCode;
  readonly personalia: Personalia;
  /** Current enrollment number of a device that enrolls again; null for a new device. */
  readonly generation: number | null;
}

export interface NewCertificate {
  readonly serial: string;
  readonly profile: string;
  readonly fingerprint: string;
  readonly der: Buffer;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly issuedAt: number;
}

/** Signed device record. */
export interface SignedRecord {
  readonly version: number;
  readonly envelope: Envelope;
}

export interface Redemption {
  readonly id: DeviceId;
  readonly secretHash: string;
  /** Time at which the device redeemed the code, by the machine's clock. */
  readonly at: number;
  /** Time of the device's enrollment, by the server clock. */
  readonly enrolledAt: number;
  /** Number of the new enrollment; 1 for a new device. The store changes nothing unless this is the device's next number. */
  readonly generation: number;
  readonly certificate: NewCertificate;
  /** First device record of a new device; null for a device that enrolls again. */
  readonly record: SignedRecord | null;
  readonly issued: EntryDraft<'certificate.issued'>;
  readonly revoked: (serial: string) => EntryDraft<'certificate.revoked'>;
}

export interface Renewal {
  readonly device: DeviceId;
  readonly generation: number;
  readonly certificate: NewCertificate;
  readonly issued: EntryDraft<'certificate.issued'>;
}

/**
 * Result of storing an enrollment or a renewal.
 * - `recorded`: the certificate was stored.
 * - `serial_taken`: nothing was stored, because the serial number exists. Issue another certificate.
 * - `lost`: nothing was stored, because the code or the device has changed.
 * - `legal_hold`: nothing was stored, because a legal hold protects the data of the current enrollment.
 */
export type Recorded = 'recorded' | 'lost' | 'serial_taken' | 'legal_hold';

export interface CurrentCertificate {
  readonly der: Buffer;
  readonly generation: number;
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface CodeStore {
  /**
   * Adds an activation code. Throws `not_found` for an unknown group or person, and `conflict` if the person is disabled or not in the
   * group.
   */
  addCode(code: NewCode): Promise<void>;
  /**
   * Replaces the activation code of an existing device by a new, open code, so that the device can enroll again.
   * - Throws `not_found` for an unknown device or person.
   * - Throws `conflict` if the device or the person is not in the code's group, or the person is disabled.
   * - Throws `legal_hold` if a legal hold protects the data of the current enrollment.
   */
  reopenCode(code: NewCode): Promise<void>;
  /** Cancels an activation code. Returns false if the code is unknown, used or already canceled. */
  cancelCode(id: DeviceId, at: number): Promise<boolean>;
  /** Activation codes: open codes first, then all others; newest first in each part. */
  codes(query: CodeQuery): Promise<StoredCode[]>;
  redeemable(id: DeviceId): Promise<RedeemableCode | null>;
}

export interface EnrollmentStore {
  /**
   * Redeems the code in one transaction: marks the code as used, starts the device's new enrollment, revokes earlier certificates, and
   * stores the new certificate, the first device record and all ledger entries. Only one of several parallel calls returns `recorded`. An
   * existing device keeps its group, and keeps its home area and legal seat unless the code names others.
   */
  redeem(redemption: Redemption): Promise<Recorded>;
  /** Stores a renewed certificate. Returns `lost` if the enrollment that `renewal` names is no longer the device's active one. */
  renew(renewal: Renewal): Promise<Recorded>;
  /** Newest certificate of the device's enrollment. A certificate that begins after `now` is returned only if there is no other one. */
  certificateOf(device: DeviceId, now: number): Promise<CurrentCertificate | null>;
  personalia(device: DeviceId): Promise<Personalia | null>;
  /** Stores a certificate of the CA itself. Changes nothing if the store has the certificate. */
  recordOwn(certificate: NewCertificate, entry: EntryDraft<'ca.created' | 'certificate.issued'>): Promise<void>;
}

export interface Surroundings {
  areasOfAddress(address: string): Promise<readonly HomeArea[]> | readonly HomeArea[];
  /** Decision whether orders suspend the service `enrollment` for a new device. `areas`: areas in which the device may be. */
  gate(newcomer: {
    readonly areas: readonly HomeArea[];
    readonly home: HomeArea | null;
    readonly seat: HomeArea | null;
  }): Promise<ServiceVerdict> | ServiceVerdict;
  /** Signs the first device record of a new device, which the server stores together with the device. */
  firstRecord(device: DeviceId, personalia: Personalia): SignedRecord;
  /** Contact for an appeal, from an order that denies the enrollment; null for a withheld order. */
  appealOf(order: string): string | null;
  /**
   * Updates the location, the device record (signed document for the device) and the cached decision about suspended services after an
   * enrollment. The call is idempotent, because the server repeats the call for a repeated request.
   */
  deviceChanged(device: DeviceId): Promise<void>;
}
