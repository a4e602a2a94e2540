/**
 * X.509 certificates and revocation lists (RFC 5280), built from a profile and signed with ECDSA P-256. It decides nothing: whoever
 * calls it has checked what goes in.
 */
import { createPublicKey, hash, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP, isIPv4 } from 'node:net';
import {
  type Asn1,
  bits,
  bool,
  content as contentOf,
  enumerated,
  fromDer,
  implicit,
  integer,
  octets,
  oid,
  sequence,
  sequenceItems,
  set,
  Type,
  tagged,
  time,
  toDer,
  utf8,
} from './der.ts';
import { type CertificateProfile, EXTENDED_KEY_USAGE, KEY_USAGE } from './profiles.ts';

const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const OID = {
  commonName: oid('2.5.4.3'),
  organisation: oid('2.5.4.10'),
  subjectKeyIdentifier: oid('2.5.29.14'),
  keyUsage: oid('2.5.29.15'),
  subjectAltName: oid('2.5.29.17'),
  basicConstraints: oid('2.5.29.19'),
  crlNumber: oid('2.5.29.20'),
  reasonCode: oid('2.5.29.21'),
  crlDistributionPoints: oid('2.5.29.31'),
  authorityKeyIdentifier: oid('2.5.29.35'),
  extendedKeyUsage: oid('2.5.29.37'),
} as const;

export interface Name {
  readonly commonName: string;
  readonly organisation?: string;
}

/** Who signs, and what is the same in all that it signs. */
export interface Signer {
  readonly key: KeyObject;
  readonly name: Asn1;
  readonly keyIdentifier: Asn1;
}

export interface CertificateContent {
  readonly profile: CertificateProfile;
  /** 16 bytes from `newSerial`. */
  readonly serial: Buffer;
  readonly subject: Name;
  readonly spki: Buffer;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly crlUrl: string | null;
}

/** Positive, 128 bits long, 126 of them random (RFC 5280, section 4.1.2.2). A collision is left to the store's unique key. */
export function newSerial(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}

function nameOf(name: Name): Asn1 {
  const rdn = (type: Asn1, value: string) => set(sequence(type, utf8(value)));
  return sequence(
    ...(name.organisation === undefined ? [] : [rdn(OID.organisation, name.organisation)]),
    rdn(OID.commonName, name.commonName),
  );
}

/** RFC 7093, section 2, method 1: the leftmost 160 bits of the SHA-256 of the key's bits. */
function keyIdentifier(spki: Buffer): Buffer {
  const [, key] = sequenceItems(fromDer(spki));
  return hash('sha256', contentOf(key, Type.BITSTRING).subarray(1), 'buffer').subarray(0, 20);
}

const extension = (type: Asn1, critical: boolean, value: Asn1): Asn1 =>
  sequence(type, ...(critical ? [bool(true)] : []), octets(toDer(value)));

/** `spki` is that of `key`, DER. */
export const signerOf = (name: Name, key: KeyObject, spki: Buffer): Signer => ({
  key,
  name: nameOf(name),
  keyIdentifier: extension(OID.authorityKeyIdentifier, false, sequence(implicit(0, keyIdentifier(spki)))),
});

/** DER wants a named bit list without trailing zeros (X.690, section 11.2.2). */
function keyUsage(profile: CertificateProfile): Asn1 {
  const positions = profile.keyUsage.map((usage) => KEY_USAGE[usage]);
  const value = positions.reduce<number>((byte, position) => byte | (0x80 >> position), 0);
  return bits(Buffer.from([value]), 7 - Math.max(...positions));
}

function ipBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  if (isIP(address) !== 6) throw new TypeError(`${address} is no IP address`);
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const left = groups(head);
  const right = groups(tail ?? '');
  const zeros = Array<string>(8 - left.length - right.length).fill('0');
  return Buffer.from([...left, ...zeros, ...right].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** What a profile allows, in the order of a certificate: made once, since it is the same in every certificate of the profile. */
const rightsOf = new Map<CertificateProfile, readonly Asn1[]>();

function rights(profile: CertificateProfile): readonly Asn1[] {
  const known = rightsOf.get(profile);
  if (known) return known;
  const list: Asn1[] = [];
  if (profile.pathLength !== null) {
    list.push(extension(OID.basicConstraints, true, sequence(bool(true), integer(profile.pathLength))));
  }
  list.push(extension(OID.keyUsage, true, keyUsage(profile)));
  if (profile.extendedKeyUsage.length > 0) {
    const purposes = profile.extendedKeyUsage.map((usage) => oid(EXTENDED_KEY_USAGE[usage]));
    list.push(extension(OID.extendedKeyUsage, false, sequence(...purposes)));
  }
  rightsOf.set(profile, list);
  return list;
}

function extensions(content: CertificateContent, signer: Signer): Asn1[] {
  const names = [
    ...content.uris.map((uri) => implicit(6, Buffer.from(uri, 'latin1'))),
    ...content.dnsNames.map((name) => implicit(2, Buffer.from(name, 'latin1'))),
    ...content.ipAddresses.map((address) => implicit(7, ipBytes(address))),
  ];
  const list = [...rights(content.profile)];
  if (names.length > 0) list.push(extension(OID.subjectAltName, false, sequence(...names)));
  if (content.profile.crlDistributionPoint && content.crlUrl !== null) {
    const point = tagged(0, tagged(0, implicit(6, Buffer.from(content.crlUrl, 'latin1'))));
    list.push(extension(OID.crlDistributionPoints, false, sequence(sequence(point))));
  }
  list.push(extension(OID.subjectKeyIdentifier, false, octets(keyIdentifier(content.spki))), signer.keyIdentifier);
  return list;
}

function signed(tbs: Asn1, key: KeyObject): Buffer {
  return toDer(sequence(tbs, ECDSA_WITH_SHA256, bits(sign('sha256', toDer(tbs), { key, dsaEncoding: 'der' }))));
}

/** The DER of a certificate of version 3. */
export function buildCertificate(content: CertificateContent, signer: Signer): Buffer {
  return signed(
    sequence(
      tagged(0, integer(2)),
      integer(content.serial),
      ECDSA_WITH_SHA256,
      signer.name,
      sequence(time(new Date(content.notBefore)), time(new Date(content.notAfter))),
      nameOf(content.subject),
      fromDer(content.spki),
      tagged(3, sequence(...extensions(content, signer))),
    ),
    signer.key,
  );
}

export interface Revoked {
  /** Hex. */
  readonly serial: string;
  readonly at: number;
  /** RFC 5280, section 5.3.1. */
  readonly reason: number;
}

export interface CrlContent {
  readonly number: number;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly revoked: readonly Revoked[];
}

/** The DER of a revocation list of version 2 (RFC 5280, section 5). */
export function buildCrl(content: CrlContent, signer: Signer): Buffer {
  const entries = content.revoked.map(({ serial, at, reason }) =>
    sequence(
      integer(Buffer.from(serial, 'hex')),
      time(new Date(at)),
      // `unspecified` is said by saying nothing (section 5.3.1).
      ...(reason === 0 ? [] : [sequence(extension(OID.reasonCode, false, enumerated(reason)))]),
    ),
  );
  return signed(
    sequence(
      integer(1),
      ECDSA_WITH_SHA256,
      signer.name,
      time(new Date(content.thisUpdate)),
      time(new Date(content.nextUpdate)),
      // An empty list of entries must be absent (section 5.1.2.6).
      ...(entries.length > 0 ? [sequence(...entries)] : []),
      tagged(0, sequence(signer.keyIdentifier, extension(OID.crlNumber, false, integer(content.number)))),
    ),
    signer.key,
  );
}

export const spkiOf = (key: KeyObject): Buffer =>
  (key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' });
