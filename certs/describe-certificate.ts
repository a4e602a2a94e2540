import { X509Certificate } from 'node:crypto';

export interface CertificateWords {
  /** Similar to RFC 2253: `CN=…, O=…`. */
  readonly subject: string;
  /** Lower-case hex. */
  readonly serial: string;
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string;
  /** Unix milliseconds. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** `certificate`: DER or PEM; the first certificate of a PEM file. */
export function describeCertificate(certificate: Buffer | string): CertificateWords {
  const read = new X509Certificate(certificate);
  return {
    subject: read.subject.split('\n').join(', '),
    serial: read.serialNumber.toLowerCase(),
    fingerprint: read.fingerprint256.replaceAll(':', '').toLowerCase(),
    notBefore: Date.parse(read.validFrom),
    notAfter: Date.parse(read.validTo),
  };
}
