/**
 * PKCS#12 (RFC 7292): a key and its certificate chain in one file, for standard clients. The machine that has the key creates the file, so
 * the server never receives the key.
 */
import { createHash, createHmac, type KeyObject, randomBytes } from 'node:crypto';
import forge from 'node-forge';
import { type Asn1, fromDer, integer, nil, octets, oid, sequence, set, tagged, toDer } from './der.ts';

const OID = {
  data: '1.2.840.113549.1.7.1',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certBag: '1.2.840.113549.1.12.10.1.3',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  localKeyId: '1.2.840.113549.1.9.21',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const;
const MAC_ITERATIONS = 100_000;

const data = (content: Buffer): Asn1 => sequence(oid(OID.data), tagged(0, octets(content)));

/**
 * Writes a PKCS#12 file. `chain`: certificates in DER; the key's own certificate is first. `password`: ASCII only, because programs encode
 * other characters differently.
 */
export function exportPkcs12(key: KeyObject, chain: readonly Buffer[], password: string): Buffer {
  const [own] = chain;
  if (!own) throw new TypeError('A PKCS#12 file needs at least the certificate of its key.');
  const keyId = set(sequence(oid(OID.localKeyId), set(octets(createHash('sha1').update(own).digest()))));
  const shrouded = key.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: password });
  const keyBag = sequence(oid(OID.shroudedKeyBag), tagged(0, fromDer(shrouded)), keyId);
  const certBags = chain.map((der, i) =>
    sequence(
      oid(OID.certBag),
      tagged(0, sequence(oid(OID.x509Certificate), tagged(0, octets(der)))),
      ...(i === 0 ? [keyId] : []),
    ),
  );
  const safe = toDer(sequence(data(toDer(sequence(...certBags))), data(toDer(sequence(keyBag)))));
  const salt = randomBytes(16);
  const mac = createHmac('sha256', macKey(password, salt)).update(safe).digest();
  const digest = sequence(sequence(oid(OID.sha256), nil()), octets(mac));
  return toDer(sequence(integer(3), data(safe), sequence(digest, octets(salt), integer(MAC_ITERATIONS))));
}

/** Key of the MAC (RFC 7292, appendix B.2, purpose 3). */
function macKey(password: string, salt: Buffer): Buffer {
  const bytes = forge.util.createBuffer(salt.toString('binary'));
  const key = forge.pkcs12.generateKey(password, bytes, 3, MAC_ITERATIONS, 32, forge.md.sha256.create());
  return Buffer.from(key.getBytes(), 'binary');
}
