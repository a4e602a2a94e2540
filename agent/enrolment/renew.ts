/** Renewal (RFC 7030, section 4.2.2): the same key and subject, a new certificate, from two thirds of the old one's life on. */

import { X509Certificate } from 'node:crypto';
import { overTls } from '../link/http.ts';
import type { SecureDial } from '../link/tls.ts';
import { chainOf, readOwn, renewalDue } from './certificates.ts';
import type { CredentialPort } from './credentials.ts';
import { requestCertificate } from './csr.ts';
import { simpleReenrol } from './est.ts';

/**
 * True when a new certificate was stored. `asDevice` presents the certificate that is to be replaced. One that has expired opens the
 * device listener no more: for a while it is renewed on the public one, `asStranger`, on the strength of the request's own signature.
 * `expired`: the server says so, whatever this machine's clock says.
 */
export async function renewWhenDue(
  credentials: CredentialPort,
  { asDevice, asStranger }: { readonly asDevice: SecureDial; readonly asStranger: SecureDial },
  realNow: number,
  expired = false,
): Promise<boolean> {
  const { keyPem, chainPem, rootPem, device, deviceUrl, publicUrl } = credentials.current();
  const own = readOwn(chainPem);
  const late = expired || realNow > own.notAfter;
  if (!late && !renewalDue(own, realNow)) return false;
  const csr = requestCertificate(device, keyPem);
  const answer = await (late
    ? simpleReenrol(overTls(asStranger), publicUrl, csr)
    : simpleReenrol(overTls(asDevice), deviceUrl, csr));
  credentials.replaceChain(chainOf(answer, certificatesIn(chainPem), keyPem, rootPem));
  return true;
}

const certificatesIn = (pem: string): X509Certificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (each) => new X509Certificate(each),
  );
