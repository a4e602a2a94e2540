import { X509Certificate } from 'node:crypto';

export interface CertificateWords {
  /** Distinguished name, similar to RFC 2253: `CN=…, O=…`. */
  readonly subject: string;
  /** Serial number in lower-case hex. */
  readonly serial: string;
  /** SHA-256 of the certificate's DER, lower-case hex. */
  readonly fingerprint: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Describes a certificate in DER or PEM. In a PEM file with several certificates, the first one counts. */
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
