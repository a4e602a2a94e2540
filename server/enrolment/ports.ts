/** What enrolment asks of the store and of its neighbours, and the shapes that go through it. */
import type { AreaCode } from '../../shared/areas/area-code.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import type { DeviceId, GroupId, PersonId } from '../../shared/protocol/ids.ts';
import type { ServiceVerdict } from '../../shared/verdict/terms.ts';

/** All times of codes and certificates are real time. */
export interface NewCode {
  readonly id: DeviceId;
  /** SHA-256 of the secret, hex. */
  readonly secretHash: string;
  readonly person: PersonId;
  readonly group: GroupId;
  /** Null: as its group has it, or as the device that is enrolled again has it. */
  readonly home: AreaCode | null;
  readonly seat: AreaCode | null;
  readonly by: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** Of a device that is there already: its group of now, and its own home and seat where the code names none. */
export interface StoredCode extends NewCode {
  /** The person's name. */
  readonly user: string;
  readonly usedAt: number | null;
  readonly cancelledAt: number | null;
}

/** A code as redeeming needs it. */
export interface RedeemableCode {
  readonly code: StoredCode;
  /** What the device will have: what a statement says, or else the code, or else its own, or else its group's. */
  readonly home: AreaCode | null;
  readonly seat: AreaCode | null;
  /** The generation of the device that the code enrols again; null when it makes a new one. */
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
  /** Real time, for the code. */
  readonly at: number;
  /** Domain time, for the device. */
  readonly enrolledAt: number;
  /** What the device becomes; 1 for a new one. Nothing happens when it is not the next. */
  readonly generation: number;
  readonly certificate: NewCertificate;
  readonly issued: LeafDraft<'certificate.issued'>;
  readonly revoked: (serial: string) => LeafDraft<'certificate.revoked'>;
}

export interface Renewal {
  readonly device: DeviceId;
  readonly generation: number;
  readonly certificate: NewCertificate;
  readonly issued: LeafDraft<'certificate.issued'>;
}

/**
 * `serial_taken`: nothing happened, make another certificate. `lost`: what it was made for is no longer so. `legal_hold`: a hold keeps what the
 * device's present enrolment has.
 */
export type Recorded = 'recorded' | 'lost' | 'serial_taken' | 'legal_hold';

export interface HeldCertificate {
  readonly der: Buffer;
  readonly generation: number;
  readonly notAfter: number;
}

export interface EnrolmentStore {
  /**
   * Throws `not_found` when there is no such group or person, `conflict` when the person is disabled or does not belong to the group.
   */
  addCode(code: NewCode): Promise<void>;
  /**
   * Opens the code of an existing device again, with a new secret. Throws `not_found` when there is no such device, `conflict` when the
   * device is in another group or the person is disabled, `legal_hold` when a hold keeps what its present enrolment has.
   */
  reopenCode(code: NewCode): Promise<void>;
  /** False when there is no such code or it is no longer open. */
  cancelCode(id: DeviceId, at: number): Promise<boolean>;
  /** Newest first. */
  codes(): Promise<StoredCode[]>;
  redeemable(id: DeviceId): Promise<RedeemableCode | null>;
  /**
   * One transaction: the code is used, the device is there in its new generation, the certificates of earlier generations are revoked,
   * the new one and every leaf are written. Of several at once exactly one is `recorded`. A device that was there keeps its group, and its
   * home and seat unless the code names others.
   */
  redeem(redemption: Redemption): Promise<Recorded>;
  /** `lost` when the device is not active in that generation any more. */
  renew(renewal: Renewal): Promise<Recorded>;
  /** The newest certificate of the device that is neither revoked nor superseded. */
  certificateOf(device: DeviceId): Promise<HeldCertificate | null>;
  /** A certificate of the authority's own; nothing happens when it is known. */
  recordOwn(certificate: NewCertificate, leaf: LeafDraft<'ca.created' | 'certificate.issued'>): Promise<void>;
}

/** What the neighbours know. */
export interface Surroundings {
  /** Whether a root of approvers stands: a device pins it when it enrols. */
  approversAdopted(): Promise<boolean>;
  areasOfAddress(address: string): Promise<readonly AreaCode[]> | readonly AreaCode[];
  /** The verdict on the service `enrolment` for somebody at these areas with these ties. */
  gate(newcomer: {
    readonly areas: readonly AreaCode[];
    readonly home: AreaCode | null;
    readonly seat: AreaCode | null;
  }): Promise<ServiceVerdict> | ServiceVerdict;
  /** Whom a denying order says to turn to; null when it tells the public nothing. */
  appealOf(order: string): string | null;
  /** Idempotent: whoever keeps what follows from a device's home, seat, group or generation. */
  deviceChanged(device: DeviceId): Promise<void>;
}
