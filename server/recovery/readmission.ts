/**
 * Decides whether a restored server accepts a certificate that its authority issued but its store lacks. The functions are pure. The
 * certificate's signature proves the issuer. Only a ledger copy or an admin can know whether the certificate was revoked after the backup.
 */
import type { DeviceId } from '../../shared/protocol/ids.ts';

export interface Presented {
  readonly serial: string;
  readonly device: DeviceId;
  readonly generation: number;
  /** Start of the certificate's validity in Unix milliseconds, by the machine's clock. */
  readonly notBefore: number;
}

export interface KnownFacts {
  readonly revoked: boolean;
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
  /**
   * Certificate that a restored server refuses. Either the device has a newer enrollment in the server's backup, or the certificate was
   * issued before the backup but is missing in it.
   */
  | 'unknown';

/**
 * Maximum time in milliseconds between the start of a certificate's validity and the certificate's issue. The validity starts earlier,
 * because clocks differ.
 */
const BACKDATED = 24 * 3_600_000;

export function judgeReadmission(presented: Presented, known: KnownFacts, recoveryPoint: number): Readmission {
  if (known.revoked) return 'revoked';
  if (!known.published && presented.notBefore < recoveryPoint - BACKDATED) return 'unknown';
  const { enrolled, published } = known;
  if (enrolled && enrolled.generation > presented.generation) return 'unknown';
  if (enrolled?.active && enrolled.generation === presented.generation) return 'renewal';
  if (!published) return 'ask';
  return enrolled || known.code ? 'enrollment' : 'ask';
}
