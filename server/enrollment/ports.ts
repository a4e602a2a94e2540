import type { HomeArea } from '../../shared/areas/area-code.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { DeviceId, GroupId, PersonId } from '../../shared/protocol/ids.ts';
import type { ServiceVerdict } from '../../shared/verdict/terms.ts';
import type { Scope } from '../devices/devices.ts';

/** Times of codes and certificates are real time. */
export interface NewCode {
  readonly id: DeviceId;
  /** SHA-256 of the secret, hex. */
  readonly secretHash: string;
  readonly person: PersonId;
  readonly group: GroupId;
  /** Home from the code. Null: the group's value, or the present value of a device that enrolls again. */
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
  readonly by: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** Code in the store. For an existing device: its present group, and its own home and seat where the code names none. */
export interface StoredCode extends NewCode {
  readonly user: string;
  readonly usedAt: number | null;
  readonly canceledAt: number | null;
}

export type CodeState = 'open' | 'used' | 'expired' | 'canceled';

/** The last code of the previous page. `open`: its state when that page was read. */
export interface CodePosition {
  readonly open: boolean;
  readonly createdAt: number;
  readonly id: DeviceId;
}

export interface CodeQuery {
  /** State of the codes; null: every state. */
  readonly state: CodeState | null;
  readonly scope: Scope;
  readonly after: CodePosition | null;
  readonly limit: number;
  /** Real milliseconds, for the state of codes. */
  readonly now: number;
}

export interface RedeemableCode {
  readonly code: StoredCode;
  /** Effective home and seat: from a statement, or the code, or the device, or the group. */
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
  /** Real time of the code's redemption. */
  readonly at: number;
  /** Domain time of the device's enrollment. */
  readonly enrolledAt: number;
  /** The new generation; 1 for a new device. Another number than the next one changes nothing. */
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
 * `serial_taken`: nothing was stored; issue another certificate. `lost`: the code or device has changed meanwhile. `legal_hold`: a hold
 * protects the data of the present enrollment.
 */
export type Recorded = 'recorded' | 'lost' | 'serial_taken' | 'legal_hold';

export interface HeldCertificate {
  readonly der: Buffer;
  readonly generation: number;
  readonly notAfter: number;
}

export interface EnrollmentStore {
  /** Adds a code. Throws `not_found` without such a group or person, and `conflict` when the person is disabled or not in the group. */
  addCode(code: NewCode): Promise<void>;
  /**
   * Opens the code of an existing device again, with a new secret. Throws `not_found` without such a device, `conflict` when the device is
   * in another group or the person is disabled, and `legal_hold` when a hold protects the present enrollment's data.
   */
  reopenCode(code: NewCode): Promise<void>;
  /** Cancels a code. False without such an open code. */
  cancelCode(id: DeviceId, at: number): Promise<boolean>;
  /** Codes: first the open ones, then the others, each newest first. */
  codes(query: CodeQuery): Promise<StoredCode[]>;
  redeemable(id: DeviceId): Promise<RedeemableCode | null>;
  /**
   * Redeems the code in one transaction: marks it as used, creates the device's new generation, revokes earlier certificates, and writes
   * the new certificate and all ledger entries. One of several parallel calls gets `recorded`. An existing device keeps its group, and its
   * home and seat unless the code names others.
   */
  redeem(redemption: Redemption): Promise<Recorded>;
  /** Records a renewal. `lost` when the device is not active in that generation. */
  renew(renewal: Renewal): Promise<Recorded>;
  /** The newest valid certificate of the device. */
  certificateOf(device: DeviceId): Promise<HeldCertificate | null>;
  /** Stores a certificate of the authority itself. A known one changes nothing. */
  recordOwn(certificate: NewCertificate, entry: EntryDraft<'ca.created' | 'certificate.issued'>): Promise<void>;
}

/** Functions of other modules. */
export interface Surroundings {
  areasOfAddress(address: string): Promise<readonly HomeArea[]> | readonly HomeArea[];
  /** The verdict on `enrollment` for a new device with these areas and connections. */
  gate(newcomer: {
    readonly areas: readonly HomeArea[];
    readonly home: HomeArea | null;
    readonly seat: HomeArea | null;
  }): Promise<ServiceVerdict> | ServiceVerdict;
  /** The appeal contact of the denying order; null when the order is withheld. */
  appealOf(order: string): string | null;
  /** Updates data that depends on a device's home, seat, group or generation. Idempotent. */
  deviceChanged(device: DeviceId): Promise<void>;
}
