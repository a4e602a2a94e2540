import type { HomeArea } from '../../shared/areas/area-code.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { DeviceId, GroupId, PersonId } from '../../shared/protocol/ids.ts';
import type { ServiceVerdict } from '../../shared/verdict/terms.ts';
import type { Scope } from '../devices/devices.ts';

/** Times of codes and certificates are real time. */
export interface NewCode {
  readonly id: DeviceId;
  /** SHA-256 of the code's secret, hex. */
  readonly secretHash: string;
  readonly person: PersonId;
  readonly group: GroupId;
  /** Home area from the code. Null for the group's home area, or for the present one of a device that enrolls again. */
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
  readonly by: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/**
 * Code in the store. For an existing device, it has the device's present group, and the device's own home and seat unless the code names
 * others.
 */
export interface StoredCode extends NewCode {
  readonly user: string;
  readonly usedAt: number | null;
  readonly canceledAt: number | null;
}

export type CodeState = 'open' | 'used' | 'expired' | 'canceled';

/** Last code of the previous page. `open`: whether the code was open when that page was read. */
export interface CodePosition {
  readonly open: boolean;
  readonly createdAt: number;
  readonly id: DeviceId;
}

export interface CodeQuery {
  /** State of the listed codes; null for every state. */
  readonly state: CodeState | null;
  readonly scope: Scope;
  readonly after: CodePosition | null;
  readonly limit: number;
  /** Real time in milliseconds, at which the state of codes is computed. */
  readonly now: number;
}

export interface RedeemableCode {
  readonly code: StoredCode;
  /** Effective home and seat: from the location statement, else the code, else the device, else the group. */
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
  /** Generation of the device that enrolls again; null for a new device. */
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

export interface Redemption {
  readonly id: DeviceId;
  readonly secretHash: string;
  /** Real time at which the device redeemed the code. */
  readonly at: number;
  /** Domain time of the device's enrollment. */
  readonly enrolledAt: number;
  /** The new generation; 1 for a new device. The store changes nothing unless the number is the device's next generation. */
  readonly generation: number;
  readonly certificate: NewCertificate;
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
 * Result of an enrollment.
 * - `serial_taken`: nothing was stored; issue another certificate.
 * - `lost`: the code or device has changed meanwhile.
 * - `legal_hold`: a legal hold protects the data of the present enrollment.
 */
export type Recorded = 'recorded' | 'lost' | 'serial_taken' | 'legal_hold';

export interface HeldCertificate {
  readonly der: Buffer;
  readonly generation: number;
  readonly notAfter: number;
}

/** Store of activation codes. */
export interface CodeStore {
  /** Adds a code. Throws `not_found` for an unknown group or person, and `conflict` when the person is disabled or not in the group. */
  addCode(code: NewCode): Promise<void>;
  /**
   * Opens the code of an existing device again, with a new secret.
   * - Throws `not_found` for an unknown device.
   * - Throws `conflict` when the device is in another group or the person is disabled.
   * - Throws `legal_hold` when a legal hold protects the data of the present enrollment.
   */
  reopenCode(code: NewCode): Promise<void>;
  /** Cancels a code. Returns false if the code is unknown or not open. */
  cancelCode(id: DeviceId, at: number): Promise<boolean>;
  /** Activation codes: first the open codes, then the others, each newest first. */
  codes(query: CodeQuery): Promise<StoredCode[]>;
  redeemable(id: DeviceId): Promise<RedeemableCode | null>;
}

/** Store of enrollments and renewals. */
export interface EnrollmentStore {
  /**
   * Redeems the code in one transaction: marks the code as used, creates the device's new generation, revokes earlier certificates, and
   * stores the new certificate and all ledger entries. Only one of several parallel calls returns `recorded`. An existing device keeps its
   * group, and keeps its home and seat unless the code names others.
   */
  redeem(redemption: Redemption): Promise<Recorded>;
  /** Stores a renewed certificate. Returns `lost` when the device is not active in that generation. */
  renew(renewal: Renewal): Promise<Recorded>;
  /** The newest valid certificate of the device. */
  certificateOf(device: DeviceId): Promise<HeldCertificate | null>;
  /** Stores a certificate of the CA itself. Changes nothing if the store has the certificate. */
  recordOwn(certificate: NewCertificate, entry: EntryDraft<'ca.created' | 'certificate.issued'>): Promise<void>;
}

/** Functions of other modules that enrollment uses. */
export interface Surroundings {
  areasOfAddress(address: string): Promise<readonly HomeArea[]> | readonly HomeArea[];
  /** Verdict on `enrollment` for a new device with these areas and connections. */
  gate(newcomer: {
    readonly areas: readonly HomeArea[];
    readonly home: HomeArea | null;
    readonly seat: HomeArea | null;
  }): Promise<ServiceVerdict> | ServiceVerdict;
  /** Contact for an appeal in the denying order; null when the order is withheld. */
  appealOf(order: string): string | null;
  /** Updates the data that depends on a device's home, seat, group or generation. Idempotent. */
  deviceChanged(device: DeviceId): Promise<void>;
}
