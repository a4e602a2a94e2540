/** The device's P-256 key, and its certificate signing request (PKCS#10, RFC 2986). */
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { der, TAG } from './der.ts';

const COMMON_NAME = Buffer.from('550403', 'hex');
const ECDSA_WITH_SHA256 = Buffer.from('2a8648ce3d040302', 'hex');

export function newKeyPem(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

export function requestCertificate(commonName: string, keyPem: string): Buffer {
  const spki = createPublicKey(keyPem).export({ type: 'spki', format: 'der' });
  const name = der(
    TAG.sequence,
    der(TAG.set, der(TAG.sequence, der(TAG.oid, COMMON_NAME), der(TAG.utf8String, Buffer.from(commonName)))),
  );
  // The request contains only version 0, subject, public key and an empty set of attributes, because the server decides about the rest of
  // the certificate.
  const info = der(TAG.sequence, der(TAG.integer, Buffer.from([0])), name, spki, der(TAG.context0));
  const signature = sign('sha256', info, keyPem);
  return der(
    TAG.sequence,
    info,
    der(TAG.sequence, der(TAG.oid, ECDSA_WITH_SHA256)),
    der(TAG.bitString, Buffer.from([0]), signature),
  );
}
