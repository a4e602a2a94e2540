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

/**
 * Renews the device's certificate if renewal is due, and returns true when a new certificate is stored. For some days after the expiry, the
 * server renews a certificate over `withoutCertificate`, a connection without a client certificate. The request's signature then proves
 * that the device has the key.
 */
export async function renewWhenDue(
  credentials: CredentialPort,
  {
    withCertificate,
    withoutCertificate,
  }: { readonly withCertificate: SecureDial; readonly withoutCertificate: SecureDial },
  realNow: number,
  expired = false,
): Promise<boolean> {
  const { keyPem, chainPem, rootPem, device, deviceUrl, publicUrl } = credentials.current();
  const own = readOwn(chainPem);
  const late = expired || realNow > own.notAfter;
  if (!late && !renewalDue(own, realNow)) return false;
  const csr = requestCertificate(device, keyPem);
  const response = await (late
    ? simpleReenroll(overTls(withoutCertificate), publicUrl, csr)
    : simpleReenroll(overTls(withCertificate), deviceUrl, csr));
  credentials.replaceChain(chainOf(response, certificatesIn(chainPem), keyPem, rootPem));
  return true;
}

const certificatesIn = (pem: string): X509Certificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (each) => new X509Certificate(each),
  );
