/** Reads a certificate revocation list (RFC 5280, section 5) of the installation's issuing CA. */
import { verify, X509Certificate } from 'node:crypto';
import { CordonError } from '../shared/errors.ts';
import type { Revoked } from './certificate.ts';
import { contentOf, type Element, encodingOf, oidOf, readDer, sequenceOf, TAG, taggedItems } from './der-reader.ts';

export interface ReadCrl {
  readonly number: number;
  readonly thisUpdate: number;
  readonly revoked: readonly Revoked[];
}

const CRL_NUMBER = '2.5.29.20';
const REASON_CODE = '2.5.29.21';

/**
 * Parses and verifies a revocation list. `bytes`: DER or PEM. Throws `document_malformed`, or `signature_invalid` for a revocation list of
 * another authority.
 */
export function readCrl(bytes: Buffer, issuingDer: Buffer): ReadCrl {
  let tbs: Element | undefined;
  let signature: Buffer;
  try {
    const [tbsItem, , value] = sequenceOf(readDer(derOf(bytes)));
    tbs = tbsItem;
    signature = contentOf(value, TAG.bitString).subarray(1);
  } catch (error) {
    throw malformed(error);
  }
  const { publicKey } = new X509Certificate(issuingDer);
  if (!tbs || !verify('sha256', encodingOf(tbs), { key: publicKey, dsaEncoding: 'der' }, signature)) {
    throw new CordonError(
      'signature_invalid',
      'The revocation list is not signed by the issuing authority of this installation. Give the list of this installation.',
    );
  }
  try {
    return fieldsOf(tbs);
  } catch (error) {
    throw malformed(error);
  }
}

function fieldsOf(tbs: Element): ReadCrl {
  // Fields in sequence: version, signature, issuer, thisUpdate, nextUpdate, [revokedCertificates], [0] extensions.
  const [, , , thisUpdate, , ...rest] = sequenceOf(tbs);
  const tail = rest.at(-1);
  const listed = rest.length > 1 ? sequenceOf(rest[0]) : [];
  const wrapped = taggedItems(tail, 0);
  const extensions = wrapped ? sequenceOf(wrapped[0]) : [];
  const number = extensionOf(extensions, CRL_NUMBER);
  if (!number) throw new Error('the number is missing');
  return {
    number: Number.parseInt(contentOf(readDer(number), TAG.integer).toString('hex'), 16),
    thisUpdate: timeOf(thisUpdate),
    revoked: listed.map((entry) => {
      const [serial, at, more] = sequenceOf(entry);
      const reason = more && extensionOf(sequenceOf(more), REASON_CODE);
      return {
        serial: contentOf(serial, TAG.integer)
          .toString('hex')
          .replace(/^00(?=[89a-f])/, ''),
        at: timeOf(at),
        reason: reason ? (contentOf(readDer(reason), TAG.enumerated)[0] ?? 0) : 0,
      };
    }),
  };
}

function extensionOf(extensions: readonly Element[], type: string): Buffer | null {
  for (const extension of extensions) {
    const items = sequenceOf(extension);
    if (oidOf(items[0]) === type) return contentOf(items.at(-1), TAG.octetString);
  }
  return null;
}

function timeOf(value: Element | undefined): number {
  const digits = contentOf(value, TAG.utcTime, TAG.generalizedTime).toString('latin1');
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
