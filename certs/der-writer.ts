/**
 * Writer for DER (X.690). Each function returns encoded bytes, so the result can be stored and reused. node-forge (`der.ts`) builds a tree of
 * values instead, which takes about five times as long per certificate.
 */
import { TAG } from './der-reader.ts';

const CONTEXT_SPECIFIC = 0x80;
const CONSTRUCTED = 0x20;

/** Element with the given tag. `parts`: its content, in pieces. */
function element(tag: number, parts: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  const size = length < 0x80 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4;
  const bytes = Buffer.allocUnsafe(2 + size + length);
  bytes[0] = tag;
  bytes[1] = size === 0 ? length : 0x80 | size;
  if (size > 0) bytes.writeUIntBE(length, 2, size);
  let at = 2 + size;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export const sequence = (...items: readonly Buffer[]): Buffer => element(TAG.sequence, items);
/** SET of one item. DER requires several items in ascending order. */
export const setOfOne = (item: Buffer): Buffer => element(TAG.set, [item]);
export const emptySet = (): Buffer => element(TAG.set, []);
/** Constructed element with the tag [n], for explicit tagging, or for implicit tagging of a constructed value. */
export const tagged = (n: number, ...items: readonly Buffer[]): Buffer =>
  element(CONTEXT_SPECIFIC | CONSTRUCTED | n, items);
/** Primitive element with the tag [n], for implicit tagging of a primitive value. */
export const implicit = (n: number, value: Buffer): Buffer => element(CONTEXT_SPECIFIC | n, [value]);
export const bool = (value: boolean): Buffer => element(TAG.boolean, [Buffer.from([value ? 0xff : 0])]);
export const enumerated = (value: number): Buffer => element(TAG.enumerated, [Buffer.from([value])]);
export const octets = (value: Buffer): Buffer => element(TAG.octetString, [value]);
export const utf8 = (text: string): Buffer => element(TAG.utf8String, [Buffer.from(text, 'utf8')]);
/** BIT STRING. `unused`: number of unused bits at the end of the last byte. */
export const bits = (value: Buffer, unused = 0): Buffer => element(TAG.bitString, [Buffer.from([unused]), value]);

/** Non-negative INTEGER, from its big-endian bytes or a small number. */
export function integer(value: Buffer | number): Buffer {
  const bytes = typeof value === 'number' ? bigEndian(value) : value;
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from += 1;
  const digits = bytes.subarray(from);
  // If the first bit of a positive number is set, DER needs a leading zero byte. Without it, the number would be negative.
  return (digits[0] ?? 0x80) < 0x80 ? element(TAG.integer, [digits]) : element(TAG.integer, [Buffer.from([0]), digits]);
}

function bigEndian(value: number): Buffer {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not a non-negative integer`);
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
}

/** Object identifier from its dotted form (X.690, section 8.19). */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const digits = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) digits.unshift(0x80 | (left & 0x7f));
    return digits;
  });
  return element(TAG.oid, [Buffer.from(bytes)]);
}

/** Time as RFC 5280, section 4.1.2.5, requires: UTCTime through 2049, GeneralizedTime after that, in whole seconds and Zulu. */
export function time(at: Date): Buffer {
  const iso = at.toISOString();
  const digits = `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 10)}${iso.slice(11, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`;
  return at.getUTCFullYear() < 2050
    ? element(TAG.utcTime, [Buffer.from(digits.slice(2), 'latin1')])
    : element(TAG.generalizedTime, [Buffer.from(digits, 'latin1')]);
}
