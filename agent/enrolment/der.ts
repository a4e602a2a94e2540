/**
 * The little DER that a device needs: writing one certificate request, and finding the certificates in a certs-only answer. It
 * reads definite lengths only and refuses what runs past its end; whether a certificate is any good is for `node:crypto` to say.
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
  /** Tag and length included. */
  readonly whole: Buffer;
}

/** The elements that lie one after another in `bytes`. */
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
    found.push({ tag, content: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) });
    at = start + length;
  }
  return found;
}

/** The one element that `bytes` are, which must have this tag. */
export function only(bytes: Buffer, tag: number): Element {
  const [element, ...rest] = elements(bytes);
  if (!element || rest.length > 0 || element.tag !== tag) throw malformed();
  return element;
}

function malformed(): CordonError {
  return new CordonError(
    'document_malformed',
    'The server answered with something that is not DER; ask its admin to look.',
  );
}
