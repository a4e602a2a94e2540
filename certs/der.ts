/**
 * DER in and out (X.690). Everything that `certs` builds goes through the constructors below; everything that it reads from outside goes
 * through `parseDer`. A value keeps its very bytes, so what was read is written again as it was, and what was signed is what is verified.
 * No rule about certificates belongs here.
 */

export interface Asn1 {
  /** The identifier octet: class, constructed or not, number. */
  readonly tag: number;
  /** The whole value with its header. */
  readonly der: Buffer;
  readonly content: Buffer;
  /** Null for what is primitive. */
  readonly children: readonly Asn1[] | null;
}

export const Type = {
  BOOLEAN: 1,
  INTEGER: 2,
  BITSTRING: 3,
  OCTETSTRING: 4,
  NULL: 5,
  OID: 6,
  ENUMERATED: 10,
  UTF8: 12,
  SEQUENCE: 16,
  SET: 17,
  PRINTABLESTRING: 19,
  TELETEXSTRING: 20,
  IA5STRING: 22,
  UTCTIME: 23,
  GENERALIZEDTIME: 24,
} as const;

const CONSTRUCTED = 0x20;
const CONTEXT_SPECIFIC = 0x80;
const CLASS = 0xc0;
const NUMBER = 0x1f;

function value(tag: number, parts: readonly Buffer[], inner: readonly Asn1[] | null = null): Asn1 {
  let length = 0;
  for (const part of parts) length += part.length;
  const size = length < 0x80 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4;
  const start = 2 + size;
  const der = Buffer.allocUnsafe(start + length);
  der[0] = tag;
  der[1] = size === 0 ? length : 0x80 | size;
  if (size > 0) der.writeUIntBE(length, 2, size);
  let at = start;
  for (const part of parts) at += part.copy(der, at);
  return { tag, der, content: der.subarray(start), children: inner };
}

const constructed = (tag: number, items: readonly Asn1[]): Asn1 => value(tag | CONSTRUCTED, items.map(toDer), items);

export const sequence = (...items: Asn1[]): Asn1 => constructed(Type.SEQUENCE, items);
export const set = (...items: Asn1[]): Asn1 => constructed(Type.SET, items);
/** [n], constructed: explicit tagging, or implicit tagging of something constructed. */
export const tagged = (n: number, ...items: Asn1[]): Asn1 => constructed(CONTEXT_SPECIFIC | n, items);
/** [n] IMPLICIT over a primitive value. */
export const implicit = (n: number, content: Buffer): Asn1 => value(CONTEXT_SPECIFIC | n, [content]);
export const bool = (truth: boolean): Asn1 => value(Type.BOOLEAN, [Buffer.from([truth ? 0xff : 0])]);
export const nil = (): Asn1 => value(Type.NULL, []);
export const enumerated = (number: number): Asn1 => value(Type.ENUMERATED, [Buffer.from([number])]);
export const octets = (content: Buffer): Asn1 => value(Type.OCTETSTRING, [content]);
export const utf8 = (text: string): Asn1 => value(Type.UTF8, [Buffer.from(text, 'utf8')]);
/** `unused` trailing bits of the last byte do not count. */
export const bits = (content: Buffer, unused = 0): Asn1 => value(Type.BITSTRING, [Buffer.from([unused]), content]);

export function oid(dotted: string): Asn1 {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((part) => {
    const sevens = [part & 0x7f];
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128))
      sevens.unshift(0x80 | (left & 0x7f));
    return sevens;
  });
  return value(Type.OID, [Buffer.from(bytes)]);
}

/** A non-negative INTEGER from its big-endian bytes or a small number. */
export function integer(number: Buffer | number): Asn1 {
  const bytes = typeof number === 'number' ? bigEndian(number) : number;
  const start = bytes.findIndex((byte) => byte !== 0);
  const significant = start < 0 ? Buffer.from([0]) : bytes.subarray(start);
  // A leading zero keeps the number positive.
  return value(Type.INTEGER, (significant[0] ?? 0) < 0x80 ? [significant] : [Buffer.from([0]), significant]);
}

function bigEndian(number: number): Buffer {
  if (!Number.isSafeInteger(number) || number < 0) throw new RangeError(`${number} is no non-negative integer`);
  const hex = number.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
}

/** RFC 5280, section 4.1.2.5: UTCTime through 2049, GeneralizedTime from then on, both in whole seconds and Zulu. */
export function time(at: Date): Asn1 {
  const digits = at.toISOString().replace(/[-:T]|\.\d+/g, '');
  return at.getUTCFullYear() < 2050
    ? value(Type.UTCTIME, [Buffer.from(digits.slice(2), 'latin1')])
    : value(Type.GENERALIZEDTIME, [Buffer.from(digits, 'latin1')]);
}

export const toDer = ({ der }: Asn1): Buffer => der;

/** No honest request nests deeper: a name inside a SAN inside an attribute reaches 9. */
const MAX_DEPTH = 16;

/** Our own DER, or what Node made: one value, its lengths checked, and nothing after it. */
export function fromDer(der: Buffer): Asn1 {
  const read = readValue(der, 0, MAX_DEPTH);
  if (read.der.length !== der.length) throw new Error('there is more after its end');
  return read;
}

function readValue(bytes: Buffer, at: number, depth: number): Asn1 {
  if (depth === 0) throw new Error('it is nested too deeply');
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw new Error('it is cut short');
  if ((tag & NUMBER) === NUMBER) throw new Error('a tag of more than one byte is of no use in it');
  const start = at + 2 + (first < 0x80 ? 0 : first & 0x7f);
  const length = first < 0x80 ? first : readLength(bytes.subarray(at + 2, start), first & 0x7f);
  const end = start + length;
  if (end > bytes.length) throw new Error('it is cut short');
  const content = bytes.subarray(start, end);
  const inner = (tag & CONSTRUCTED) === 0 ? null : readAll(content, depth - 1);
  return { tag, der: bytes.subarray(at, end), content, children: inner };
}

/** X.690, sections 8.1.3 and 10.1: in as few bytes as do, and never left open. */
function readLength(bytes: Buffer, size: number): number {
  if (size === 0 || size > 4 || bytes.length !== size) throw new Error('a length is indefinite, too long or cut short');
  const length = bytes.readUIntBE(0, size);
  if (length < 0x80 || bytes[0] === 0) throw new Error('a length in more bytes than it needs is not DER');
  return length;
}

function readAll(bytes: Buffer, depth: number): Asn1[] {
  const items: Asn1[] = [];
  for (let at = 0; at < bytes.length; ) {
    const item = readValue(bytes, at, depth);
    items.push(item);
    at += item.der.length;
  }
  return items;
}

/**
 * Parses bytes from outside, and takes nothing of BER, in which one value has many spellings and two readers may see two things. Throws a
 * plain `Error` that says what is wrong.
 */
export function parseDer(der: Buffer): Asn1 {
  const read = fromDer(der);
  checkStrict(read);
  return read;
}

/** X.690, sections 8.3.2, 10.2, 11.1, 11.2.1 and 11.6. */
function checkStrict({ tag, content, children: inner }: Asn1): void {
  const type = (tag & CLASS) === 0 ? tag & NUMBER : null;
  const collects = type === Type.SEQUENCE || type === Type.SET;
  if (inner) {
    if (type !== null && !collects) throw new Error('a constructed string is not DER');
    inner.forEach(checkStrict);
    if (type === Type.SET) checkSetOrder(inner);
    return;
  }
  if (collects) throw new Error('a primitive SEQUENCE or SET is not DER');
  if (type === 0) throw new Error('an end of contents is not DER');
  if (type === Type.BOOLEAN && (content.length !== 1 || (content[0] !== 0xff && content[0] !== 0))) {
    throw new Error('a BOOLEAN that is neither 00 nor FF is not DER');
  }
  if (type === Type.NULL && content.length > 0) throw new Error('a NULL with a value is not DER');
  if (type === Type.INTEGER || type === Type.ENUMERATED) checkInteger(content);
  if (type === Type.BITSTRING) checkUnusedBits(content);
}

function checkInteger(content: Buffer): void {
  const [first, second] = content;
  if (first === undefined) throw new Error('an INTEGER without a value is not DER');
  if (second === undefined) return;
  if ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80)) {
    throw new Error('an INTEGER in more bytes than it needs is not DER');
  }
}

function checkSetOrder(items: readonly Asn1[]): void {
  if (items.some(({ der }, i) => i > 0 && Buffer.compare(items[i - 1]?.der ?? der, der) > 0)) {
    throw new Error('a SET that is not sorted is not DER');
  }
}

function checkUnusedBits(content: Buffer): void {
  const unused = content[0];
  const last = content.at(-1) ?? 0;
  if (
    unused === undefined ||
    unused > (content.length === 1 ? 0 : 7) ||
    (content.length > 1 && last & ((1 << unused) - 1))
  ) {
    throw new Error('a BIT STRING with unused bits that are set is not DER');
  }
}

// --- Reading. Each throws a plain `Error` when the value is something else, so that a caller names the whole once. ---------------

export function children(of: Asn1 | undefined): readonly Asn1[] {
  if (!of?.children) throw new Error('a constructed value is missing');
  return of.children;
}

function itemsOf(of: Asn1 | undefined, type: number): readonly Asn1[] {
  if (of?.tag !== (type | CONSTRUCTED)) throw new Error('a SEQUENCE or SET is missing');
  return children(of);
}

export const sequenceItems = (of: Asn1 | undefined): readonly Asn1[] => itemsOf(of, Type.SEQUENCE);
export const setItems = (of: Asn1 | undefined): readonly Asn1[] => itemsOf(of, Type.SET);

/** The content octets of a primitive value of one of the given universal types. */
export function content(of: Asn1 | undefined, ...types: number[]): Buffer {
  // A universal primitive's identifier octet is its number.
  if (!of || !types.includes(of.tag)) throw new Error('a primitive value is missing or of another type');
  return of.content;
}

/** X.690, section 8.19: each part in as few bytes as do, so that it has one spelling. */
export function readOid(of: Asn1 | undefined): string {
  const bytes = content(of, Type.OID);
  const parts: number[] = [];
  let part = 0;
  for (const [at, byte] of bytes.entries()) {
    if (part === 0 && byte === 0x80) throw new Error('an OBJECT IDENTIFIER in more bytes than it needs is not DER');
    part = part * 128 + (byte & 0x7f);
    if (!Number.isSafeInteger(part)) throw new Error('an OBJECT IDENTIFIER is too long');
    if (byte < 0x80) {
      parts.push(part);
      part = 0;
    } else if (at === bytes.length - 1) throw new Error('an OBJECT IDENTIFIER is cut short');
  }
  const [first, ...rest] = parts;
  if (first === undefined) throw new Error('an OBJECT IDENTIFIER is empty');
  const arc = Math.min(2, Math.floor(first / 40));
  return [arc, first - arc * 40, ...rest].join('.');
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** OpenSSL 1.0 and what is built like it write a name with an underscore as TeletexString. */
export const readText = (of: Asn1 | undefined): string =>
  strictUtf8.decode(content(of, Type.UTF8, Type.PRINTABLESTRING, Type.IA5STRING, Type.TELETEXSTRING));

/** [n] of the context-specific class. */
export const isTagged = (of: Asn1 | undefined, n: number): of is Asn1 =>
  of !== undefined && (of.tag & ~CONSTRUCTED) === (CONTEXT_SPECIFIC | n);
