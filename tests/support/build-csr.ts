/** Certificate signing requests for tests: valid requests, and requests for names or extensions that no device gets. */
import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { type Asn1, bits, fromDer, integer, octets, oid, sequence, set, tagged, toDer, utf8 } from '../../certs/der.ts';

const ECDSA = {
  sha1: '1.2.840.10045.4.1',
  sha256: '1.2.840.10045.4.3.2',
  sha384: '1.2.840.10045.4.3.3',
  sha512: '1.2.840.10045.4.3.4',
};

export interface CsrParts {
  readonly privateKey: KeyObject;
  readonly commonName?: string;
  /** Subject name in place of `commonName`. */
  readonly subject?: Asn1;
  /** A public key that differs from that of `privateKey`. */
  readonly spki?: Buffer;
  readonly hash?: keyof typeof ECDSA;
  readonly attributes?: readonly Asn1[];
}

/** Request in DER. */
export function buildCsr(parts: CsrParts): Buffer {
  const hash = parts.hash ?? 'sha256';
  const names = parts.commonName === undefined ? [] : [set(sequence(oid('2.5.4.3'), utf8(parts.commonName)))];
  const spki = parts.spki ?? createPublicKey(parts.privateKey).export({ type: 'spki', format: 'der' });
  const info = sequence(
    integer(0),
    parts.subject ?? sequence(...names),
    fromDer(spki),
    tagged(0, ...(parts.attributes ?? [])),
  );
  const signature = sign(parts.privateKey.asymmetricKeyType === 'ed25519' ? null : hash, toDer(info), parts.privateKey);
  return toDer(sequence(info, sequence(oid(ECDSA[hash])), bits(signature)));
}

/** The attribute that requests certificate extensions, by their OIDs. */
export function extensionRequest(extensions: Readonly<Record<string, Asn1>>): Asn1[] {
  const list = Object.entries(extensions).map(([type, value]) => sequence(oid(type), octets(toDer(value))));
  return [sequence(oid('1.2.840.113549.1.9.14'), set(sequence(...list)))];
}
