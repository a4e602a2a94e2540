/**
 * Check of the signed revocation list for this device's certificate. Only a signed list ends the device's identity: a refusal is not
 * signed, and a server with the wrong database refuses every device.
 */
import { verify, X509Certificate } from 'node:crypto';
import { CordonError } from '../../shared/errors.ts';
import { CRL_PATH } from '../../shared/protocol/public-paths.ts';
import type { Http } from '../link/http.ts';
import type { CredentialPort, Credentials } from './credentials.ts';
import { elements, only, TAG } from './der.ts';
import { bodyOf } from './est.ts';

export interface RevocationCheckPorts {
  readonly credentials: Pick<CredentialPort, 'current'>;
  readonly http: () => Http;
  readonly onFailure: (error: unknown) => void;
}

export interface RevocationCheck {
  /** True only if a verified revocation list contains the certificate. Never rejects. */
  confirmed(): Promise<boolean>;
}

export function createRevocationCheck({ credentials, http, onFailure }: RevocationCheckPorts): RevocationCheck {
  return {
    async confirmed() {
      try {
        const current = credentials.current();
        const response = await http()(new URL(CRL_PATH, current.publicUrl), { method: 'GET' });
        return namesOwnCertificate(bodyOf(response), current);
      } catch (error) {
        onFailure(error);
        return false;
      }
    },
  };
}

/** Signature algorithm ecdsa-with-SHA256 (RFC 5758, section 3.2), the only algorithm of Cordon's CA. */
const ECDSA_WITH_SHA256 = '2a8648ce3d040302';
const VERSION_2 = '01';

/**
 * Parses a revocation list in DER (RFC 5280, section 5.1). An old list is accepted, because a revocation is never undone. Throws
 * `document_malformed` for an invalid list, and `signature_invalid` unless the issuing CA has signed it.
 */
export function namesOwnCertificate(list: Buffer, own: Pick<Credentials, 'chainPem' | 'rootPem'>): boolean {
  const [tbs, algorithm, signature] = elements(only(list, TAG.sequence).content);
  if (tbs?.tag !== TAG.sequence || !algorithm || signature?.tag !== TAG.bitString) throw malformed();
  const issuing = issuingOf(own);
  const key = { key: issuing.publicKey, dsaEncoding: 'der' } as const;
  // The first byte of a DER bit string is the number of unused bits.
  const signed =
    algorithmIn(algorithm.content) === ECDSA_WITH_SHA256 &&
    verify('sha256', tbs.encoding, key, signature.content.subarray(1));
  if (!signed) {
    throw new CordonError('signature_invalid', 'The issuing CA of this device has not signed the revocation list.');
  }

  // Fields of a CRL: version, signature, issuer, thisUpdate, nextUpdate, then the optional entries.
  const fields = elements(tbs.content);
  const [version, , , , , entries] = fields;
  // A certificate has another DER tag in the place of the version number, so a signed certificate is never accepted as a revocation list.
  if (version?.tag !== TAG.integer || version.content.toString('hex') !== VERSION_2) throw malformed();
  if (entries?.tag !== TAG.sequence) return false;
  const serial = withoutZeros(new X509Certificate(own.chainPem).serialNumber.toLowerCase());
  return elements(entries.content).some((entry) => {
    const [number] = elements(entry.content);
    return number?.tag === TAG.integer && withoutZeros(number.content.toString('hex')) === serial;
  });
}

/** Certificate of the issuing CA, the second one of the chain, after checking that the pinned root has signed it. */
function issuingOf({ chainPem, rootPem }: Pick<Credentials, 'chainPem' | 'rootPem'>): X509Certificate {
  const [, issuingPem] = chainPem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const issuing = issuingPem === undefined ? null : new X509Certificate(issuingPem);
  if (!issuing?.ca || !issuing.verify(new X509Certificate(rootPem).publicKey)) {
    throw new CordonError('signature_invalid', 'The stored issuing certificate does not lead to the pinned root.');
  }
  return issuing;
}

const algorithmIn = (content: Buffer): string | undefined => elements(content)[0]?.content.toString('hex');
const withoutZeros = (hex: string): string => hex.replace(/^0+/, '');

function malformed(): CordonError {
  return new CordonError('document_malformed', 'The server’s response is not a revocation list. Tell your admin.');
}
