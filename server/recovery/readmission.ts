/**
 * Decides whether a restored server accepts a certificate that its authority issued but its store lacks. Pure. The certificate's signature
 * proves the issuer. Only a ledger copy or an admin can know whether the certificate was revoked after the backup.
 */
import type { DeviceId } from '../../shared/protocol/ids.ts';

export interface Presented {
  readonly serial: string;
  readonly device: DeviceId;
  readonly generation: number;
  /** Start of the certificate's validity in Unix milliseconds, by the machine's clock. */
  readonly notBefore: number;
}

export interface KnownOfIt {
  readonly revoked: boolean;
  /** True if the ledger copy has the entry of the certificate's issue and no entry of its revocation. */
  readonly published: boolean;
  readonly enrolled: { readonly generation: number; readonly active: boolean } | null;
  /** True if the backup has the device's activation code, which names the user and group. */
  readonly code: boolean;
}

export type Readmission =
  | 'revoked'
  /** Renewal in an enrollment that the backup contains. The server trusts the new certificate as it trusted the earlier one. */
  | 'renewal'
  /** Enrollment after the backup. The ledger copy contains its entry, and the backup names the user. */
  | 'enrollment'
  /** Certificate for which an admin must name the user or confirm that it was not revoked. */
  | 'ask'
  /** Certificate issued before the recovery point. The backup should contain this certificate, but does not. */
  | 'unknown';

/** Milliseconds. A certificate's validity begins a little before its issue, because clocks differ. */
const BACKDATED = 24 * 3_600_000;

export function judgeReadmission(given: Presented, known: KnownOfIt, recoveryPoint: number): Readmission {
  if (known.revoked) return 'revoked';
  if (!known.published && given.notBefore < recoveryPoint - BACKDATED) return 'unknown';
  const { enrolled, published } = known;
  if (enrolled && enrolled.generation > given.generation) return 'unknown';
  if (enrolled?.active && enrolled.generation === given.generation) return 'renewal';
  if (!published) return 'ask';
  return enrolled || known.code ? 'enrollment' : 'ask';
}
