/** Certificate signing requests for tests: honest ones, and ones that ask for what nobody gets. */
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
  /** Instead of `commonName`. */
  readonly subject?: Asn1;
  /** Another public key than that of `privateKey`. */
  readonly spki?: Buffer;
  readonly hash?: keyof typeof ECDSA;
  readonly attributes?: readonly Asn1[];
}

/** DER. */
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

/** The attribute that asks for extensions, by their OID. */
export function extensionRequest(extensions: Readonly<Record<string, Asn1>>): Asn1[] {
  const list = Object.entries(extensions).map(([type, value]) => sequence(oid(type), octets(toDer(value))));
  return [sequence(oid('1.2.840.113549.1.9.14'), set(sequence(...list)))];
}
