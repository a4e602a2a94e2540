/**
 * The part of DER (X.690) that a device needs: encoding a certificate request, and finding certificates in a certs-only response. The
 * reader accepts only definite lengths within the input.
 */
import { CordonError } from '../../shared/errors.ts';

export const TAG = {
  integer: 0x02,
  bitString: 0x03,
  oid: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  context0: 0xa0,
} as const;

export function der(tag: number, ...content: Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const length = Buffer.from(
    body.length.toString(16).padStart(body.length > 0xffff ? 6 : body.length > 0xff ? 4 : 2, '0'),
    'hex',
  );
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body]);
}

export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  readonly encoding: Buffer;
}

export function elements(bytes: Buffer): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at];
    const first = bytes[at + 1];
    if (tag === undefined || first === undefined) throw malformed();
    const longForm = first & 0x80 ? first & 0x7f : 0;
    if (first === 0x80 || longForm > 4 || at + 2 + longForm > bytes.length) throw malformed();
    const start = at + 2 + longForm;
    const length = longForm ? bytes.readUIntBE(at + 2, longForm) : first;
    if (start + length > bytes.length) throw malformed();
    found.push({ tag, content: bytes.subarray(start, start + length), encoding: bytes.subarray(at, start + length) });
    at = start + length;
  }
  return found;
}

/** Returns the DER element that `bytes` contain. Throws unless `bytes` contain exactly one element, and this element has the given tag. */
export function only(bytes: Buffer, tag: number): Element {
  const [element, ...rest] = elements(bytes);
  if (!element || rest.length > 0 || element.tag !== tag) throw malformed();
  return element;
}

function malformed(): CordonError {
  return new CordonError('document_malformed', 'The server’s response is not valid DER. Tell your admin.');
}
