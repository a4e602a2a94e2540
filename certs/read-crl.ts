/** Reads a certificate revocation list (RFC 5280, section 5) of the installation's issuing CA. */
import { verify, X509Certificate } from 'node:crypto';
import { CordonError } from '../shared/errors.ts';
import type { Revoked } from './certificate.ts';
import { type Asn1, content, isTagged, parseDer, readOid, sequenceItems, Type, toDer } from './der.ts';

export interface ReadCrl {
  readonly number: number;
  readonly thisUpdate: number;
  readonly revoked: readonly Revoked[];
}

const CRL_NUMBER = '2.5.29.20';
const REASON_CODE = '2.5.29.21';

/** `bytes`: DER or PEM. Throws `document_malformed`, or `signature_invalid` for a revocation list of another authority. */
export function readCrl(bytes: Buffer, issuingDer: Buffer): ReadCrl {
  let tbs: Asn1 | undefined;
  let signature: Buffer;
  try {
    const [content_, , value] = sequenceItems(parseDer(derOf(bytes)));
    tbs = content_;
    signature = content(value, Type.BITSTRING).subarray(1);
  } catch (error) {
    throw malformed(error);
  }
  const { publicKey } = new X509Certificate(issuingDer);
  if (!tbs || !verify('sha256', toDer(tbs), { key: publicKey, dsaEncoding: 'der' }, signature)) {
    throw new CordonError(
      'signature_invalid',
      'The revocation list is not signed by the issuing authority of this installation. Give the list of this installation.',
    );
  }
  try {
    return contentOf(tbs);
  } catch (error) {
    throw malformed(error);
  }
}

function contentOf(tbs: Asn1): ReadCrl {
  // Fields in sequence: version, signature, issuer, thisUpdate, nextUpdate, [revokedCertificates], [0] extensions.
  const [, , , thisUpdate, , ...rest] = sequenceItems(tbs);
  const tail = rest.at(-1);
  const listed = rest.length > 1 ? sequenceItems(rest[0]) : [];
  const extensions = isTagged(tail, 0) && Array.isArray(tail.value) ? sequenceItems(tail.value[0]) : [];
  const number = extensionOf(extensions, CRL_NUMBER);
  if (!number) throw new Error('the number is missing');
  return {
    number: Number.parseInt(content(parseDer(number), Type.INTEGER).toString('hex'), 16),
    thisUpdate: timeOf(thisUpdate),
    revoked: listed.map((entry) => {
      const [serial, at, more] = sequenceItems(entry);
      const reason = more && extensionOf(sequenceItems(more), REASON_CODE);
      return {
        serial: content(serial, Type.INTEGER)
          .toString('hex')
          .replace(/^00(?=[89a-f])/, ''),
        at: timeOf(at),
        reason: reason ? (content(parseDer(reason), Type.ENUMERATED)[0] ?? 0) : 0,
      };
    }),
  };
}

function extensionOf(extensions: readonly Asn1[], type: string): Buffer | null {
  for (const extension of extensions) {
    const items = sequenceItems(extension);
    if (readOid(items[0]) === type) return content(items.at(-1), Type.OCTETSTRING);
  }
  return null;
}

function timeOf(value: Asn1 | undefined): number {
  const digits = content(value, Type.UTCTIME, Type.GENERALIZEDTIME).toString('latin1');
  const whole = digits.length === 13 ? `${Number(digits.slice(0, 2)) < 50 ? '20' : '19'}${digits}` : digits;
  const at = Date.parse(whole.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (Number.isNaN(at)) throw new Error('a time is malformed');
  return at;
}

function derOf(bytes: Buffer): Buffer {
  const pem = /-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/.exec(bytes.toString('latin1'));
  return pem ? Buffer.from(pem[1] ?? '', 'base64') : bytes;
}

const malformed = (cause: unknown): CordonError =>
  new CordonError('document_malformed', 'The file is not a revocation list in DER or PEM form.', {}, cause);
