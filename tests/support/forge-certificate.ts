/**
 * Unsigned certificates and revocation lists, encoded by node-forge. Tests compare them with the bytes that `certs/der-writer.ts` writes.
 */
import { createHash } from 'node:crypto';
import { isIP, isIPv4 } from 'node:net';
import type { CertificateContent, CrlContent, Name, Signer } from '../../certs/certificate.ts';
import {
  type Asn1,
  bits,
  bool,
  enumerated,
  fromDer,
  implicit,
  integer,
  octets,
  oid,
  sequence,
  sequenceItems,
  set,
  tagged,
  time,
  toDer,
  utf8,
} from '../../certs/der.ts';
import { type CertificateProfile, EXTENDED_KEY_USAGE, KEY_USAGE } from '../../certs/profiles.ts';

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const OID = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  reasonCode: '2.5.29.21',
  crlDistributionPoints: '2.5.29.31',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;

export interface ForgeContent extends CertificateContent {
  readonly profile: CertificateProfile;
  readonly crlUrl: string | null;
}

const algorithm = (): Asn1 => sequence(oid(ECDSA_WITH_SHA256));

function nameOf(name: Name): Asn1 {
  const rdn = (type: string, value: string) => set(sequence(oid(type), utf8(value)));
  return sequence(
    ...(name.organization === undefined ? [] : [rdn(OID.organization, name.organization)]),
    rdn(OID.commonName, name.commonName),
  );
}

/** Key identifier by RFC 7093, section 2, method 1: the leftmost 160 bits of the SHA-256 of the public key's bits. */
function keyIdentifier(spki: Buffer): Buffer {
  const [, key] = sequenceItems(fromDer(spki));
  const value = typeof key?.value === 'string' ? Buffer.from(key.value, 'binary').subarray(1) : spki;
  return createHash('sha256').update(value).digest().subarray(0, 20);
}

const extension = (type: string, critical: boolean, value: Asn1): Asn1 =>
  sequence(oid(type), ...(critical ? [bool(true)] : []), octets(toDer(value)));

const authorityKeyIdentifier = (signer: Signer): Asn1 =>
  extension(OID.authorityKeyIdentifier, false, sequence(implicit(0, keyIdentifier(signer.spki))));

/** DER requires a named bit list without trailing zeros (X.690, section 11.2.2). */
function keyUsage(profile: CertificateProfile): Asn1 {
  const positions = profile.keyUsage.map((usage) => KEY_USAGE[usage]);
  const value = positions.reduce<number>((byte, position) => byte | (0x80 >> position), 0);
  return bits(Buffer.from([value]), 7 - Math.max(...positions));
}

function ipBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  if (isIP(address) !== 6) throw new TypeError(`${address} is not an IP address`);
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const headGroups = groups(head);
  const right = groups(tail ?? '');
  const zeros = Array<string>(8 - headGroups.length - right.length).fill('0');
  return Buffer.from([...headGroups, ...zeros, ...right].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function extensions(content: ForgeContent, signer: Signer): Asn1[] {
  const { profile } = content;
  const names = [
    ...content.uris.map((uri) => implicit(6, Buffer.from(uri, 'latin1'))),
    ...content.dnsNames.map((name) => implicit(2, Buffer.from(name, 'latin1'))),
    ...content.ipAddresses.map((address) => implicit(7, ipBytes(address))),
  ];
  const list: Asn1[] = [];
  if (profile.pathLength !== null) {
    list.push(extension(OID.basicConstraints, true, sequence(bool(true), integer(profile.pathLength))));
  }
  list.push(extension(OID.keyUsage, true, keyUsage(profile)));
  if (profile.extendedKeyUsage.length > 0) {
    const purposes = profile.extendedKeyUsage.map((usage) => oid(EXTENDED_KEY_USAGE[usage]));
    list.push(extension(OID.extendedKeyUsage, false, sequence(...purposes)));
  }
  if (names.length > 0) list.push(extension(OID.subjectAltName, false, sequence(...names)));
  if (profile.crlDistributionPoint && content.crlUrl !== null) {
    const point = tagged(0, tagged(0, implicit(6, Buffer.from(content.crlUrl, 'latin1'))));
    list.push(extension(OID.crlDistributionPoints, false, sequence(sequence(point))));
  }
  list.push(extension(OID.subjectKeyIdentifier, false, octets(keyIdentifier(content.spki))));
  list.push(authorityKeyIdentifier(signer));
  return list;
}

/** TBSCertificate. */
export function forgeCertificate(content: ForgeContent, signer: Signer): Buffer {
  return toDer(
    sequence(
      tagged(0, integer(2)),
      integer(content.serial),
      algorithm(),
      nameOf(signer.name),
      sequence(time(new Date(content.notBefore)), time(new Date(content.notAfter))),
      nameOf(content.subject),
      fromDer(content.spki),
      tagged(3, sequence(...extensions(content, signer))),
    ),
  );
}

/** TBSCertList. */
export function forgeCrl(content: CrlContent, signer: Signer): Buffer {
  const entries = content.revoked.map(({ serial, at, reason }) =>
    sequence(
      integer(Buffer.from(serial, 'hex')),
      time(new Date(at)),
      // An entry with the reason `unspecified` must have no reason extension (RFC 5280, section 5.3.1).
      ...(reason === 0 ? [] : [sequence(extension(OID.reasonCode, false, enumerated(reason)))]),
    ),
  );
  return toDer(
    sequence(
      integer(1),
      algorithm(),
      nameOf(signer.name),
      time(new Date(content.thisUpdate)),
      time(new Date(content.nextUpdate)),
      // An empty list of revoked certificates must be absent (RFC 5280, section 5.1.2.6).
      ...(entries.length > 0 ? [sequence(...entries)] : []),
      tagged(0, sequence(authorityKeyIdentifier(signer), extension(OID.crlNumber, false, integer(content.number)))),
    ),
  );
}
