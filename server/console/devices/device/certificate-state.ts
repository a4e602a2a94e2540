/** State of a certificate, such as revoked or expired. The expiry is compared with the system clock. */
export type CertificateState = 'used' | 'replaced' | 'revoked' | 'expired';

export function certificateState(
  {
    revokedAt,
    supersededAt,
    notAfter,
  }: { readonly revokedAt: number | null; readonly supersededAt: number | null; readonly notAfter: number },
  now: number,
): CertificateState {
  if (revokedAt !== null) return 'revoked';
  if (supersededAt !== null) return 'replaced';
  return notAfter <= now ? 'expired' : 'used';
}
