/** Encoder and parser for DER, based on node-forge's ASN.1. Rules about certificates do not belong here. */
import forge from 'node-forge';

declare module 'node-forge' {
  namespace asn1 {
    /** Options of node-forge that its published types lack. */
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

/** Maximum nesting depth. Legitimate requests reach a depth of 9: a name in a SAN in an attribute. */
const MAX_DEPTH = 16;

/** Only for DER that Cordon or Node has created, because node-forge alone checks it. */
export const fromDer = (der: Buffer): Asn1 =>
  forge.asn1.fromDer(forge.util.createBuffer(der.toString('binary')), {
    strict: true,
    parseAllBytes: true,
    decodeBitStrings: false,
    maxDepth: MAX_DEPTH,
  });

/**
 * Parses received bytes. node-forge also accepts BER, in which one value has several encodings that two parsers may interpret differently.
 * Therefore the result is encoded again and compared. Throws a plain `Error` with the reason.
 */
export function parseDer(der: Buffer): Asn1 {
  const value = fromDer(der);
  if (!toDer(value).equals(der)) throw new Error('the encoding is not DER');
  checkStrict(value);
  return value;
}

/** Refuses values that are not DER although node-forge encodes them unchanged (X.690, sections 11.1, 11.2.1 and 11.6). */
function checkStrict(value: Asn1): void {
  if (Array.isArray(value.value)) {
    if (value.tagClass === Class.UNIVERSAL && value.type !== Type.SEQUENCE && value.type !== Type.SET) {
      throw new Error('a constructed string is not DER');
    }
    value.value.forEach(checkStrict);
    if (value.tagClass === Class.UNIVERSAL && value.type === Type.SET) checkSetOrder(value.value);
    return;
  }
  if (value.tagClass !== Class.UNIVERSAL) return;
  if (value.type === Type.SEQUENCE || value.type === Type.SET)
    throw new Error('a primitive SEQUENCE or SET is not DER');
  if (value.type === Type.BOOLEAN && value.value !== '\xff' && value.value !== '\x00') {
    throw new Error('a BOOLEAN that is neither 00 nor FF is not DER');
  }
  if (value.type === Type.INTEGER && value.value.length === 0) throw new Error('an INTEGER without a value is not DER');
  if (value.type === Type.BITSTRING) checkUnusedBits(value.value);
}

function checkSetOrder(items: Asn1[]): void {
  const encoded = items.map(toDer);
  if (encoded.some((item, i) => i > 0 && Buffer.compare(encoded[i - 1] ?? item, item) > 0)) {
    throw new Error('a SET that is not sorted is not DER');
  }
}

function checkUnusedBits(value: string): void {
  const unused = value.charCodeAt(0);
  const last = value.charCodeAt(value.length - 1);
  if (value.length === 0 || unused > 7 || (value.length === 1 && unused !== 0) || (last & ((1 << unused) - 1)) !== 0) {
    if (value.length > 1 || unused !== 0) throw new Error('a BIT STRING with unused bits that are set is not DER');
  }
}

// --- Readers. Each throws a plain `Error` for a value of another type; the caller names the whole structure. ---------------

export function children(value: Asn1 | undefined, ...types: forge.asn1.Type[]): Asn1[] {
  if (!value || !Array.isArray(value.value)) throw new Error('a constructed value is missing');
  if (types.length > 0 && (value.tagClass !== Class.UNIVERSAL || !types.includes(value.type))) {
    throw new Error('a SEQUENCE or SET is missing');
  }
  return value.value;
}

export const sequenceItems = (value: Asn1 | undefined): Asn1[] => children(value, Type.SEQUENCE);
export const setItems = (value: Asn1 | undefined): Asn1[] => children(value, Type.SET);

export function content(value: Asn1 | undefined, ...types: number[]): Buffer {
  if (!value || typeof value.value !== 'string' || value.tagClass !== Class.UNIVERSAL || !types.includes(value.type)) {
    throw new Error('a primitive value is missing or of another type');
  }
  return Buffer.from(value.value, 'binary');
}

export const readOid = (value: Asn1 | undefined): string =>
  forge.asn1.derToOid(forge.util.createBuffer(content(value, Type.OID).toString('binary')));

/** OpenSSL 1.0 and similar programs encode a name with an underscore as TeletexString, for which node-forge has no constant. */
const TELETEX = 20;

export const readText = (value: Asn1 | undefined): string =>
  new TextDecoder('utf-8', { fatal: true }).decode(
    content(value, Type.UTF8, Type.PRINTABLESTRING, Type.IA5STRING, TELETEX),
  );

export const isTagged = (value: Asn1 | undefined, n: number): value is Asn1 =>
  value !== undefined && value.tagClass === Class.CONTEXT_SPECIFIC && value.type === n;

export { Type };
