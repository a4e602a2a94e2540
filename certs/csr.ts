/**
 * Reads a certificate signing request (PKCS#10, RFC 2986), and refuses everything except a plain request for a device certificate. Only the
 * public key is copied into the certificate. Other fields are checked so that no device expects fields that its certificate will not have.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { CordonError, type ErrorCode, isCordonError } from '../shared/errors.ts';
import {
  contentOf,
  type Element,
  encodingOf,
  implicitContent,
  oidOf,
  readDer,
  sequenceOf,
  setOf,
  TAG,
  taggedItems,
  textOf,
} from './der-reader.ts';
import { type CertificateProfile, EXTENDED_KEY_USAGE, KEY_USAGE, PROFILES } from './profiles.ts';

export interface CertificateRequest {
  /** Public key of the request: SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer;
  readonly publicKey: KeyObject;
  readonly subjectCommonName: string | null;
  /** URIs of the requested subjectAltName. The caller compares them with the future certificate. */
  readonly uris: readonly string[];
}

/** Maximum bytes of a request. A P-384 request with every allowed extension is smaller than 1 KiB. */
const MAX_BYTES = 8 * 1024;

/** Content bytes of the field `version`, an INTEGER: version 0. */
const VERSION = Buffer.from([0]);
/** Encoded BOOLEAN with the value true. */
const TRUE = Buffer.from('0101ff', 'hex');
const COMMON_NAME = '2.5.4.3';
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
const CHALLENGE_PASSWORD = '1.2.840.113549.1.9.7';
const SIGNATURE_HASHES: Readonly<Record<string, string>> = {
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
};
/**
 * First bytes of the SubjectPublicKeyInfo of a P-256 and a P-384 key, up to the byte 04 of an uncompressed point (RFC 5480, section 2). A
 * compressed point or explicit parameters would give one key two encodings.
 */
const KEY_SPELLINGS = [
  '3059301306072a8648ce3d020106082a8648ce3d03010703420004',
  '3076301006072a8648ce3d020106052b8104002203620004',
].map((hex) => Buffer.from(hex, 'hex'));

/**
 * Reads and verifies a request. Cheap checks come first: no computation uses a key whose type and point are unchecked. Throws `too_large`,
 * `csr_malformed`, `csr_weak_key`, `csr_bad_signature` or `csr_not_allowed`.
 */
export function parseCsr(der: Buffer, profile: CertificateProfile = PROFILES.device): CertificateRequest {
  requireSize(der);
  const { info, subject, spki, attributes, hash, signature } = wellFormed(der);
  const publicKey = acceptKey(spki);
  if (!verify(hash, info, publicKey, signature)) {
    throw new CordonError('csr_bad_signature', 'The request is not signed by its own key. Create the request again.');
  }
  return { spki, publicKey, subjectCommonName: readSubject(subject), uris: readAttributes(attributes, profile) };
}

/** Reads a request without verifying its signature, so the result proves nothing. Throws `too_large` and `csr_malformed`. */
export function readCsrClaims(der: Buffer): Pick<CertificateRequest, 'spki' | 'subjectCommonName'> {
  requireSize(der);
  const { subject, spki } = wellFormed(der);
  return { spki, subjectCommonName: readSubject(subject) };
}

function requireSize(der: Buffer): void {
  if (der.length <= MAX_BYTES) return;
  throw new CordonError('too_large', `The request has ${der.length} bytes. The limit is ${MAX_BYTES}.`);
}

/** Calls the parser `read`. Replaces an unexpected error of the parser by the error `code`, so that clients get a documented error code. */
function reading<T>(code: ErrorCode, what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (isCordonError(error)) throw error;
    const because = error instanceof Error ? error.message : String(error);
    throw new CordonError(code, `Cannot read ${what} (${because}). Create the request again.`, {}, error);
  }
}

function wellFormed(der: Buffer) {
  return reading('csr_malformed', 'the certificate signing request', () => {
    const [infoItem, algorithm, signatureItem, ...rest] = sequenceOf(readDer(der));
    const [version, subject, spkiItem, attributesItem, ...more] = sequenceOf(infoItem);
    if (rest.length > 0 || more.length > 0) throw new Error('there is more in it than a request has');
    if (!contentOf(version, TAG.integer).equals(VERSION)) throw new Error('its version is not 0');
    const attributes = taggedItems(attributesItem, 0);
    if (!attributes) throw new Error('its attributes are missing');
    const hash = SIGNATURE_HASHES[oidOf(sequenceOf(algorithm)[0])];
    if (!hash) {
      throw new CordonError(
        'csr_weak_key',
        'The request has another signature algorithm. Sign it with ECDSA and SHA-256, SHA-384 or SHA-512.',
      );
    }
    const signature = contentOf(signatureItem, TAG.bitString);
    if (signature[0] !== 0) throw new Error('its signature is no whole number of bytes');
    if (!infoItem || !subject || !spkiItem) throw new Error('it is cut short');
    return {
      info: encodingOf(infoItem),
      subject,
      spki: encodingOf(spkiItem),
      attributes,
      hash,
      signature: signature.subarray(1),
    };
  });
}

/** Only a key in this encoding is imported. OpenSSL then checks that the key's point is on the curve. */
function acceptKey(spki: Buffer): KeyObject {
  if (!KEY_SPELLINGS.some((spelling) => spki.subarray(0, spelling.length).equals(spelling))) {
    const detail =
      'The key is of another kind. Create a key on P-256 or P-384, with a named curve and an uncompressed point.';
    throw new CordonError('csr_weak_key', detail);
  }
  return reading('csr_weak_key', 'the public key', () => createPublicKey({ key: spki, type: 'spki', format: 'der' }));
}

function asksForMore(what: string): CordonError {
  return new CordonError(
    'csr_not_allowed',
    `The request asks for ${what}, which device certificates never contain. Remove it from the request.`,
  );
}

function readSubject(subject: Element): string | null {
  const entries = reading('csr_malformed', "the request's subject", () =>
    sequenceOf(subject).flatMap((rdn) =>
      setOf(rdn).map((item) => {
        const [type, value] = sequenceOf(item);
        const name = oidOf(type);
        return { type: name, text: name === COMMON_NAME ? textOf(value) : '' };
      }),
    ),
  );
  const [first, ...others] = entries;
  if (others.length > 0 || (first && first.type !== COMMON_NAME))
    throw asksForMore('a subject of more than one common name');
  return first?.text ?? null;
}

function readAttributes(attributes: readonly Element[], profile: CertificateProfile): string[] {
  const uris: string[] = [];
  for (const attribute of attributes) {
    const { type, values } = reading('csr_malformed', 'an attribute of the request', () => {
      const [typeItem, valuesItem] = sequenceOf(attribute);
      return { type: oidOf(typeItem), values: setOf(valuesItem) };
    });
    if (type === CHALLENGE_PASSWORD) {
      // RFC 7030, section 3.5, binds the challenge password to the TLS session by tls-unique, which TLS 1.3 does not have.
      throw asksForMore('a challenge password');
    }
    if (type !== EXTENSION_REQUEST) throw asksForMore(`the attribute ${type}`);
    for (const list of values) {
      for (const item of reading('csr_malformed', 'the requested extensions', () => sequenceOf(list))) {
        uris.push(...readExtension(item, profile));
      }
    }
  }
  return uris;
}

function readExtension(item: Element, profile: CertificateProfile): string[] {
  const { type, value } = reading('csr_malformed', 'a requested extension', () => {
    const parts = sequenceOf(item);
    return { type: oidOf(parts[0]), value: readDer(contentOf(parts.at(-1), TAG.octetString)) };
  });
  return reading('csr_malformed', `the requested extension ${type}`, () => {
    switch (type) {
      case '2.5.29.19':
        return basicConstraints(value);
      case '2.5.29.15':
        return keyUsage(value, profile);
      case '2.5.29.37':
        return extendedKeyUsage(value, profile);
      case '2.5.29.17':
        return alternativeNames(value);
      case '2.5.29.14':
        // A requested subject key identifier is ignored: the authority computes the identifier itself.
        return [];
      default:
        throw asksForMore(`the extension ${type}`);
    }
  });
}

function basicConstraints(value: Element): string[] {
  if (sequenceOf(value).some((part) => encodingOf(part).equals(TRUE))) throw asksForMore('CA:TRUE');
  return [];
}

function keyUsage(value: Element, profile: CertificateProfile): string[] {
  const bytes = contentOf(value, TAG.bitString).subarray(1);
  const allowed = new Set<number>(profile.keyUsage.map((usage) => KEY_USAGE[usage]));
  for (let position = 0; position < bytes.length * 8; position++) {
    const isSet = ((bytes[position >> 3] ?? 0) & (0x80 >> (position & 7))) !== 0;
    if (isSet && !allowed.has(position)) throw asksForMore(`key usage ${position}`);
  }
  return [];
}

function extendedKeyUsage(value: Element, profile: CertificateProfile): string[] {
  const allowed = new Set<string>(profile.extendedKeyUsage.map((usage) => EXTENDED_KEY_USAGE[usage]));
  for (const purpose of sequenceOf(value).map(oidOf)) {
    if (!allowed.has(purpose)) throw asksForMore(`the purpose ${purpose}`);
  }
  return [];
}

function alternativeNames(value: Element): string[] {
  return sequenceOf(value).map((name) => {
    const uri = implicitContent(name, 6);
    if (!uri) throw asksForMore('another kind of name than a URI');
    return uri.toString('latin1');
  });
}

export function spkiOfCertificate(der: Buffer): Buffer {
  const tbs = sequenceOf(sequenceOf(readDer(der))[0]);
  const spki = tbs[6];
  if (!spki) throw new TypeError('a certificate without a public key');
  return encodingOf(spki);
}
