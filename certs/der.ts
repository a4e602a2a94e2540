/**
 * Encoder and parser for DER, based on node-forge's ASN.1, for PKCS#12 and for tests. `der-reader.ts` reads bytes from outside, and
 * `der-writer.ts` writes certificates.
 */
import forge from 'node-forge';

declare module 'node-forge' {
  namespace asn1 {
    /** Options of node-forge that are missing in its published types. */
    interface ParseOptions {
      strict: boolean;
      parseAllBytes: boolean;
      decodeBitStrings: boolean;
      maxDepth: number;
    }
    function fromDer(bytes: util.ByteBuffer, options: ParseOptions): Asn1;
  }
}

export type Asn1 = forge.asn1.Asn1;

const { Class, Type } = forge.asn1;

const universal = (type: forge.asn1.Type, value: string): Asn1 =>
  forge.asn1.create(Class.UNIVERSAL, type, false, value);

export const sequence = (...items: Asn1[]): Asn1 => forge.asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, items);
export const set = (...items: Asn1[]): Asn1 => forge.asn1.create(Class.UNIVERSAL, Type.SET, true, items);
/** Element with the tag [n], constructed: explicit tagging, or implicit tagging of a constructed value. */
export const tagged = (n: number, ...items: Asn1[]): Asn1 => forge.asn1.create(Class.CONTEXT_SPECIFIC, n, true, items);
/** Element with the tag [n], implicit tagging of a primitive value. */
export const implicit = (n: number, value: Buffer): Asn1 =>
  forge.asn1.create(Class.CONTEXT_SPECIFIC, n, false, value.toString('binary'));
export const oid = (dotted: string): Asn1 => universal(Type.OID, forge.asn1.oidToDer(dotted).getBytes());
export const bool = (value: boolean): Asn1 => universal(Type.BOOLEAN, value ? '\xff' : '\x00');
export const nil = (): Asn1 => universal(Type.NULL, '');
export const enumerated = (value: number): Asn1 => universal(Type.ENUMERATED, String.fromCharCode(value));
export const octets = (value: Buffer): Asn1 => universal(Type.OCTETSTRING, value.toString('binary'));
export const utf8 = (text: string): Asn1 => universal(Type.UTF8, Buffer.from(text, 'utf8').toString('binary'));
/** BIT STRING. `unused`: number of unused bits at the end of the last byte. */
export const bits = (value: Buffer, unused = 0): Asn1 =>
  universal(Type.BITSTRING, String.fromCharCode(unused) + value.toString('binary'));

/** Non-negative INTEGER, from its big-endian bytes or a small number. */
export function integer(value: Buffer | number): Asn1 {
  const bytes = typeof value === 'number' ? bigEndian(value) : value;
  // A leading zero byte makes the number positive. node-forge removes an unnecessary zero byte.
  return universal(Type.INTEGER, `\x00${bytes.toString('binary')}`);
}

function bigEndian(value: number): Buffer {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not a non-negative integer`);
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
}

/** Time as RFC 5280, section 4.1.2.5, requires: UTCTime through 2049, GeneralizedTime after that, in whole seconds and Zulu. */
export function time(at: Date): Asn1 {
  const digits = at.toISOString().replace(/[-:T]|\.\d+/g, '');
  return at.getUTCFullYear() < 2050
    ? universal(Type.UTCTIME, digits.slice(2))
    : universal(Type.GENERALIZEDTIME, digits);
}

export const toDer = (value: Asn1): Buffer => Buffer.from(forge.asn1.toDer(value).getBytes(), 'binary');

const MAX_DEPTH = 16;

/** Parses DER that Cordon or Node.js has created. Do not use it for other input, because node-forge alone is not strict enough. */
export const fromDer = (der: Buffer): Asn1 =>
  forge.asn1.fromDer(forge.util.createBuffer(der.toString('binary')), {
    strict: true,
    parseAllBytes: true,
    decodeBitStrings: false,
    maxDepth: MAX_DEPTH,
  });

/** Items of a SEQUENCE. Throws a plain `Error` for another value. */
export function sequenceItems(value: Asn1 | undefined): Asn1[] {
  if (!value || !Array.isArray(value.value) || value.tagClass !== Class.UNIVERSAL || value.type !== Type.SEQUENCE) {
    throw new Error('a SEQUENCE is missing');
  }
  return value.value;
}
