import type { Revoked } from '../../certs/certificate.ts';
import type { Db, Tx } from './database.ts';

/** Revoked certificates that expire after `endsAfter`, oldest revocation first, as a revocation list contains them. */
export async function revokedCertificates(db: Db | Tx, endsAfter: number): Promise<Revoked[]> {
  const rows = await db
    .selectFrom('certificates')
    .select(['serial', 'revoked_at', 'revocation_reason'])
    .where('revoked_at', 'is not', null)
    .where('not_after', '>', endsAfter)
    .orderBy('revoked_at')
    .orderBy('serial')
    .execute();
  return rows.map(({ serial, revoked_at, revocation_reason }) => ({
    serial,
    at: revoked_at ?? 0,
    reason: revocation_reason ?? 0,
  }));
}
