/**
 * Decides whether a restored server accepts a certificate that its authority issued but its store lacks. The functions are pure. The
 * certificate's signature proves the issuer. Only a ledger copy or an admin can know whether the certificate was revoked after the backup.
 */
import type { DeviceId } from '../../shared/protocol/ids.ts';

export interface Presented {
  readonly serial: string;
  readonly device: DeviceId;
  readonly generation: number;
  /** Start and end of the certificate's validity in Unix milliseconds, by the machine's clock. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface KnownFacts {
  /** Time of the certificate's revocation in Unix milliseconds; null if the store has no revocation of it. */
  readonly revokedAt: number | null;
  /**
   * True if a copy of the public ledger has an entry that the device's certificate was issued, and no entry that this certificate was
   * revoked.
   */
  readonly published: boolean;
  readonly enrolled: { readonly generation: number; readonly active: boolean } | null;
  /** True if the backup has the device's activation code, which names the user and group. */
  readonly code: boolean;
}

export type Readmission =
  | 'revoked'
  /**
   * Renewed certificate of an enrollment that is active in the backup from which the server was restored. The server accepts the
   * certificate, because the server already trusts this enrollment.
   */
  | 'renewal'
  /**
   * Certificate of an enrollment after the backup, which the server accepts. A copy of the public ledger shows that the certificate was
   * issued and not revoked, and the backup names the device's user.
   */
  | 'enrollment'
  /**
   * Certificate that only an admin can accept. The backup does not name the device's user, or no copy of the public ledger shows that the
   * certificate was issued and not revoked.
   */
  | 'ask'
  /** Certificate that a restored server refuses, because its backup has a newer enrollment of the device. */
  | 'superseded'
  /**
   * Certificate that a restored server refuses, because the certificate was issued before the backup but is missing in it. The server may
   * have deleted the device's record.
   */
  | 'older';

/** Reason why an admin cannot readmit a certificate. */
export const OBSTACLES = ['revoked', 'superseded', 'older', 'expired'] as const;
export type Obstacle = (typeof OBSTACLES)[number];

/**
 * Maximum time in milliseconds between the start of a certificate's validity and the certificate's issue. The validity starts earlier,
 * because clocks differ.
 */
const BACKDATED = 24 * 3_600_000;

export function judgeReadmission(presented: Presented, known: KnownFacts, recoveryPoint: number): Readmission {
  if (known.revokedAt !== null) return 'revoked';
  if (!known.published && presented.notBefore < recoveryPoint - BACKDATED) return 'older';
  const { enrolled, published } = known;
  if (enrolled && enrolled.generation > presented.generation) return 'superseded';
  if (enrolled?.active && enrolled.generation === presented.generation) return 'renewal';
  if (!published) return 'ask';
  return enrolled || known.code ? 'enrollment' : 'ask';
}

/** Returns the reason why an admin cannot readmit the certificate, or null if an admin can. `now`: time of the machine's clock. */
export function obstacleTo(
  presented: Presented,
  known: KnownFacts,
  { recoveryPoint, now }: { readonly recoveryPoint: number; readonly now: number },
): Obstacle | null {
  const verdict = judgeReadmission(presented, known, recoveryPoint);
  if (verdict === 'revoked' || verdict === 'superseded' || verdict === 'older') return verdict;
  return now > presented.notAfter ? 'expired' : null;
}
