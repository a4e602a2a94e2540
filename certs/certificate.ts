/**
 * X.509 certificates and revocation lists (RFC 5280), built from a profile and signed with ECDSA P-256. The callers have checked the input.
 */
import { createPublicKey, hash, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP, isIPv4 } from 'node:net';
import { contentOf, readDer, sequenceOf, TAG } from './der-reader.ts';
import {
  bits,
  bool,
  enumerated,
  implicit,
  integer,
  octets,
  oid,
  sequence,
  setOfOne,
  tagged,
  time,
  utf8,
} from './der-writer.ts';
import { type CertificateProfile, EXTENDED_KEY_USAGE, KEY_USAGE } from './profiles.ts';

const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const OID = {
  commonName: oid('2.5.4.3'),
  organization: oid('2.5.4.10'),
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
  readonly organization?: string;
}

export interface Signer {
  readonly name: Name;
  readonly key: KeyObject;
  /** Public key of the subject: SPKI, DER. */
  readonly spki: Buffer;
}

/** Fields in which certificates of one profile and issuer differ. */
export interface CertificateContent {
  readonly serial: Buffer;
  readonly subject: Name;
  readonly spki: Buffer;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

/**
 * Serial number: positive, 128 bits long, 126 of them random (RFC 5280, section 4.1.2.2). The store refuses a serial number that it already
 * has.
 */
export function newSerial(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}

function nameOf(name: Name): Buffer {
  const rdn = (type: Buffer, value: string) => setOfOne(sequence(type, utf8(value)));
  return sequence(
    ...(name.organization === undefined ? [] : [rdn(OID.organization, name.organization)]),
    rdn(OID.commonName, name.commonName),
  );
}

/** Key identifier by RFC 7093, section 2, method 1: the leftmost 160 bits of the SHA-256 of the public key's bits. */
function keyIdentifier(spki: Buffer): Buffer {
  const [, key] = sequenceOf(readDer(spki));
  return hash('sha256', contentOf(key, TAG.bitString).subarray(1), 'buffer').subarray(0, 20);
}

const extension = (type: Buffer, critical: boolean, value: Buffer): Buffer =>
  sequence(type, ...(critical ? [bool(true)] : []), octets(value));

const authorityKeyIdentifier = (signer: Signer): Buffer =>
  extension(OID.authorityKeyIdentifier, false, sequence(implicit(0, keyIdentifier(signer.spki))));

/** DER requires a named bit list without trailing zeros (X.690, section 11.2.2). */
function keyUsage(profile: CertificateProfile): Buffer {
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

/** Extensions that limit the use of the key. */
function usageExtensions(profile: CertificateProfile): Buffer[] {
  const list: Buffer[] = [];
  if (profile.pathLength !== null) {
    list.push(extension(OID.basicConstraints, true, sequence(bool(true), integer(profile.pathLength))));
  }
  list.push(extension(OID.keyUsage, true, keyUsage(profile)));
  if (profile.extendedKeyUsage.length > 0) {
    const purposes = profile.extendedKeyUsage.map((usage) => oid(EXTENDED_KEY_USAGE[usage]));
    list.push(extension(OID.extendedKeyUsage, false, sequence(...purposes)));
  }
  return list;
}

function revocationExtensions(profile: CertificateProfile, crlUrl: string | null): Buffer[] {
  if (!profile.crlDistributionPoint || crlUrl === null) return [];
  const point = tagged(0, tagged(0, implicit(6, Buffer.from(crlUrl, 'latin1'))));
  return [extension(OID.crlDistributionPoints, false, sequence(sequence(point)))];
}

function nameExtensions({ uris, dnsNames, ipAddresses }: CertificateContent): Buffer[] {
  const names = [
    ...uris.map((uri) => implicit(6, Buffer.from(uri, 'latin1'))),
    ...dnsNames.map((name) => implicit(2, Buffer.from(name, 'latin1'))),
    ...ipAddresses.map((address) => implicit(7, ipBytes(address))),
  ];
  return names.length === 0 ? [] : [extension(OID.subjectAltName, false, sequence(...names))];
}

function signed(tbs: Buffer, key: KeyObject): Buffer {
  return sequence(tbs, ECDSA_WITH_SHA256, bits(sign('sha256', tbs, { key, dsaEncoding: 'der' })));
}

/**
 * Builder for certificates of one profile and issuer. The fields that all these certificates share are encoded only once, because the
 * enrollment of a fleet issues thousands of certificates in a row.
 */
export function certificateBuilder(
  profile: CertificateProfile,
  signer: Signer,
  crlUrl: string | null,
): (content: CertificateContent) => Buffer {
  const version = tagged(0, integer(2));
  const issuer = nameOf(signer.name);
  const usage = usageExtensions(profile);
  const revocation = revocationExtensions(profile, crlUrl);
  const authorityKey = authorityKeyIdentifier(signer);
  return (content) => {
    const extensions = sequence(
      ...usage,
      ...nameExtensions(content),
      ...revocation,
      extension(OID.subjectKeyIdentifier, false, octets(keyIdentifier(content.spki))),
      authorityKey,
    );
    const tbs = sequence(
      version,
      integer(content.serial),
      ECDSA_WITH_SHA256,
      issuer,
      sequence(time(new Date(content.notBefore)), time(new Date(content.notAfter))),
      nameOf(content.subject),
      content.spki,
      tagged(3, extensions),
    );
    return signed(tbs, signer.key);
  };
}

export interface Revoked {
  readonly serial: string;
  readonly at: number;
  /** Revocation reason (RFC 5280, section 5.3.1). */
  readonly reason: number;
}

export interface CrlContent {
  readonly number: number;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly revoked: readonly Revoked[];
}

/** DER of a version 2 revocation list (RFC 5280, section 5). */
export function buildCrl(content: CrlContent, signer: Signer): Buffer {
  const entries = content.revoked.map(({ serial, at, reason }) =>
    sequence(
      integer(Buffer.from(serial, 'hex')),
      time(new Date(at)),
      // An entry with the reason `unspecified` must have no reason extension (RFC 5280, section 5.3.1).
      ...(reason === 0 ? [] : [sequence(extension(OID.reasonCode, false, enumerated(reason)))]),
    ),
  );
  return signed(
    sequence(
      integer(1),
      ECDSA_WITH_SHA256,
      nameOf(signer.name),
      time(new Date(content.thisUpdate)),
      time(new Date(content.nextUpdate)),
      // An empty list of revoked certificates must be absent (RFC 5280, section 5.1.2.6).
      ...(entries.length > 0 ? [sequence(...entries)] : []),
      tagged(0, sequence(authorityKeyIdentifier(signer), extension(OID.crlNumber, false, integer(content.number)))),
    ),
    signer.key,
  );
}

export const spkiOf = (key: KeyObject): Buffer =>
  (key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' });
