/**
 * Decides whether a restored server accepts a certificate that its authority issued and its store lacks. Pure. The signature proves the
 * issuer. Only a ledger copy or an admin knows whether the certificate was revoked since.
 */
import type { DeviceId } from '../../shared/protocol/ids.ts';

export interface Presented {
  readonly serial: string;
  readonly device: DeviceId;
  readonly generation: number;
  /** Unix milliseconds of real time. */
  readonly notBefore: number;
}

export interface KnownOfIt {
  /** True if a ledger copy or revocation list names the serial number as revoked. */
  readonly revoked: boolean;
  /** True if the ledger copy has the entry of the issue and no revocation. */
  readonly published: boolean;
  /** State of the device in the store; null for an unknown device. */
  readonly enrolled: { readonly generation: number; readonly active: boolean } | null;
  /** True if the backup has the device's activation code, and so its user and group. */
  readonly code: boolean;
}

export type Readmission =
  | 'revoked'
  /** A renewal in a known enrollment. The server trusts it like the earlier certificate. */
  | 'renewal'
  /** An enrollment after the backup. The ledger has its entry, and the backup knows the user. */
  | 'enrollment'
  /** A certificate for which an admin must name the user or confirm that it was not revoked. */
  | 'ask'
  /** A certificate from before the recovery point, which the store should have. */
  | 'unknown';

/** Milliseconds. Certificates begin a little before their issue, because clocks differ. */
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
