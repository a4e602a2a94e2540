/**
 * Certificate renewal (RFC 7030, section 4.2.2): a new certificate with the same key and subject, after two thirds of the old certificate's
 * lifetime.
 */

import { X509Certificate } from 'node:crypto';
import { overTls } from '../link/http.ts';
import type { SecureDial } from '../link/tls.ts';
import { chainOf, readOwn, renewalDue } from './certificates.ts';
import type { CredentialPort } from './credentials.ts';
import { requestCertificate } from './csr.ts';
import { simpleReenroll } from './est.ts';

export interface RenewalOccasion {
  /** True if the server has refused the certificate because it is not valid at this time. */
  readonly refused?: boolean;
  /** True if the device is connected, so that the server accepts the certificate. */
  readonly connected?: boolean;
}

/**
 * Renews the device's certificate if renewal is due, and returns true when a new certificate is stored. For some days after the expiry, the
 * server renews a certificate over `withoutCertificate`, a connection without a client certificate. The request's signature then proves
 * that the device has the key. The same applies to a certificate that begins in the future, because the server's clock was ahead.
 */
export async function renewWhenDue(
  credentials: CredentialPort,
  {
    withCertificate,
    withoutCertificate,
  }: { readonly withCertificate: SecureDial; readonly withoutCertificate: SecureDial },
  realNow: number,
  { refused = false, connected = false }: RenewalOccasion = {},
): Promise<boolean> {
  const { keyPem, chainPem, rootPem, device, deviceUrl, publicUrl } = credentials.current();
  const own = readOwn(chainPem);
  const invalid = refused || realNow > own.notAfter || (!connected && realNow < own.notBefore);
  if (!invalid && !renewalDue(own, realNow)) return false;
  const csr = requestCertificate(device, keyPem);
  const response = await (invalid
    ? simpleReenroll(overTls(withoutCertificate), publicUrl, csr)
    : simpleReenroll(overTls(withCertificate), deviceUrl, csr));
  const renewed = chainOf(response, certificatesIn(chainPem), keyPem, rootPem);
  // The server returns a certificate that is valid by its clock unchanged.
  if (readOwn(renewed).fingerprint === own.fingerprint) return false;
  credentials.replaceChain(renewed);
  return true;
}

const certificatesIn = (pem: string): X509Certificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (each) => new X509Certificate(each),
  );
