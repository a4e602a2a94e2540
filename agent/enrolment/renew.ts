/** Renewal (RFC 7030, section 4.2.2): the same key and subject, a new certificate, from two thirds of the old one's life on. */

import { X509Certificate } from 'node:crypto';
import { overTls } from '../link/http.ts';
import type { SecureDial } from '../link/tls.ts';
import { chainOf, readOwn, renewalDue } from './certificates.ts';
import type { CredentialPort } from './credentials.ts';
import { requestCertificate } from './csr.ts';
import { simpleReenrol } from './est.ts';

/** True when a new certificate was stored. `dial` presents the certificate that is to be replaced. */
export async function renewWhenDue(credentials: CredentialPort, dial: SecureDial, realNow: number): Promise<boolean> {
  const { keyPem, chainPem, rootPem, device, deviceUrl } = credentials.current();
  if (!renewalDue(readOwn(chainPem), realNow)) return false;
  const answer = await simpleReenrol(overTls(dial), deviceUrl, requestCertificate(device, keyPem));
  credentials.replaceChain(chainOf(answer, certificatesIn(chainPem), keyPem, rootPem));
  return true;
}

const certificatesIn = (pem: string): X509Certificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (each) => new X509Certificate(each),
  );
