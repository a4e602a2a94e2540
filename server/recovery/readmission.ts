/**
 * Whether a restored server takes a certificate that its own authority has issued and that its store lacks. Pure. The signature shows that the server
 * issued it; that it was not revoked since, only the kept ledger or an admin can say.
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
  /** A kept ledger or revocation list names the serial as revoked. */
  readonly revoked: boolean;
  /** The kept ledger has the entry of its issuing, and none that revokes it. */
  readonly published: boolean;
  /** Null: the store has no such device. */
  readonly enrolled: { readonly generation: number; readonly active: boolean } | null;
  /** The backup has the activation code by which the device enrolled, and so its user and group. */
  readonly code: boolean;
}

export type Readmission =
  | 'revoked'
  /** The device is known in this generation and renewed its certificate: it is trusted as the certificate before was. */
  | 'renewal'
  /** Enrolled since; the ledger vouches for it, and the backup says whose it is. */
  | 'enrollment'
  /** An admin must say whose it is, or that it was not revoked. */
  | 'ask'
  /** Not of the time that was lost: a restore is no reason why the store should lack it. */
  | 'unknown';

/** A certificate begins a little before it is issued, so that clocks may differ. */
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
