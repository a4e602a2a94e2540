/**
 * Certificates on a device: reading an EST response (RFC 7030: certs-only CMS SignedData in base64), verifying the chain, and reading the
 * device's own certificate.
 */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { CordonError } from '../../shared/errors.ts';
import { elements, only, TAG } from './der.ts';

const SIGNED_DATA = '2a864886f70d010702';

export function certificatesOf(base64Body: string): X509Certificate[] {
  const contentInfo = elements(only(Buffer.from(base64Body, 'base64'), TAG.sequence).content);
  if (contentInfo[0]?.content.toString('hex') !== SIGNED_DATA || !contentInfo[1]) {
    throw new CordonError(
      'document_malformed',
      'The response contains no certificates. Check that the address is a Cordon server.',
    );
  }
  const signedData = elements(only(contentInfo[1].content, TAG.sequence).content);
  // Fields of SignedData (RFC 5652, section 5.1): version, digestAlgorithms, encapContentInfo, then [0] certificates.
  const certificates = signedData.find((element) => element.tag === TAG.context0);
  return certificates ? elements(certificates.content).map((element) => new X509Certificate(element.encoding)) : [];
}

export const fingerprintOf = (certificate: X509Certificate): string =>
  createHash('sha256').update(certificate.raw).digest('hex');

export function findRoot(certificates: readonly X509Certificate[], fingerprint: string): X509Certificate {
  const root = certificates.find((certificate) => fingerprintOf(certificate) === fingerprint);
  if (!root?.ca || !root.verify(root.publicKey)) {
    throw new CordonError(
      'fingerprint_mismatch',
      'The server’s certificate authority does not match your activation link. Do not continue. Tell the admin who gave you the link.',
    );
  }
  return root;
}

export function chainOf(
  response: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  keyPem: string,
  rootPem: string,
): string {
  const root = new X509Certificate(rootPem);
  const key = createPrivateKey(keyPem);
  const own = response.find((certificate) => !certificate.ca && certificate.checkPrivateKey(key));
  if (!own)
    throw new CordonError(
      'document_malformed',
      'The server sent a certificate for another key. The agent stored nothing. Tell your admin.',
    );
  const issuing = [...response, ...authorities].find((authority) => authority.ca && own.verify(authority.publicKey));
  if (!issuing?.verify(root.publicKey)) {
    throw new CordonError(
      'fingerprint_mismatch',
      'The certificate does not lead to the pinned root. The agent stored nothing. Tell your admin.',
    );
  }
  return `${own.toString()}${issuing.toString()}`;
}

export interface OwnCertificate {
  readonly fingerprint: string;
  readonly generation: number;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** The subject alternative name contains the number of the device's enrollment: `urn:cordon:device:<id>:<number>`. */
export function readOwn(chainPem: string): OwnCertificate {
  const own = new X509Certificate(chainPem);
  const generation = /urn:cordon:device:[a-z0-9_]+:(\d+)/.exec(own.subjectAltName ?? '')?.[1];
  if (!generation)
    throw new CordonError('document_malformed', 'The device’s certificate has no enrollment generation.');
  return {
    fingerprint: fingerprintOf(own),
    generation: Number(generation),
    notBefore: own.validFromDate.getTime(),
    notAfter: own.validToDate.getTime(),
  };
}

/** Returns true after two thirds of the certificate's lifetime, by the machine's own clock. */
export function renewalDue(own: OwnCertificate, realNow: number): boolean {
  return realNow >= own.notBefore + ((own.notAfter - own.notBefore) * 2) / 3;
}
