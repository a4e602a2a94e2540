/**
 * Canonical JSON: sorted keys, no spaces, integers only, UTF-8. A signed document has exactly one spelling. Parsing is therefore "parse,
 * encode again, compare bytes". That refuses duplicate keys, NaN, fractions, integers beyond 2^53 and unnecessary escapes. This module has
 * no document types and runs in browsers too.
 */
import type { z } from 'zod';
import { CordonError } from '../errors.ts';

const encoder = new TextEncoder();
/** `ignoreBOM` keeps a byte order mark in the text, so that JSON refuses it. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Greatest depth: deeper than each document type, and far from the end of the stack. */
const DEEPEST = 32;

function refuse(why: string): never {
  throw new CordonError('document_malformed', `The document is not canonical JSON: ${why}.`);
}

function encodeString(value: string): string {
  // JSON.stringify would escape a lone surrogate, which no UTF-8 text contains.
  if (!value.isWellFormed()) refuse('a string contains half of a surrogate pair');
  return JSON.stringify(value);
}

function encodeValue(value: unknown, depth: number): string {
  if (depth > DEEPEST) refuse(`it is nested deeper than ${DEEPEST} levels`);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return encodeString(value);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) refuse(`${value} is not an integer between -(2^53-1) and 2^53-1`);
    return String(value);
  }
  if (Array.isArray(value)) return `[${Array.from(value, (item) => encodeValue(item, depth + 1)).join(',')}]`;
  if (typeof value !== 'object') refuse(`it contains a ${typeof value}`);
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) refuse('it contains an object that is not a plain object');
  const fields = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => {
      // `__proto__` is harmless here, but dangerous in code that assigns keys one by one.
      if (key === '__proto__') refuse('a key is named __proto__');
      return `${encodeString(key)}:${encodeValue(field, depth + 1)}`;
    });
  return `{${fields.join(',')}}`;
}

/** Throws `document_malformed` for a value without a canonical form (fractions, `undefined`, lone surrogates, class instances). */
export function canonicalText(value: unknown): string {
  return encodeValue(value, 0);
}

/** Canonical JSON as UTF-8 bytes, which are signed and hashed. */
export function encodeCanonical(value: unknown): Uint8Array<ArrayBuffer> {
  return encoder.encode(canonicalText(value));
}

/** Decodes canonical bytes. Throws `document_malformed`. */
export function decodeCanonical(bytes: Uint8Array): unknown {
  let text: string;
  let value: unknown;
  try {
    text = decoder.decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw new CordonError('document_malformed', 'The document is not JSON in UTF-8.', {}, cause);
  }
  // Only one sequence of bytes decodes to a text (fatal, no mark skipped), so equal texts are equal bytes.
  if (canonicalText(value) !== text) {
    refuse('keys are repeated or not sorted, or spaces, escapes or numbers are not in the shortest form');
  }
  return value;
}

/** Parses a document: canonical bytes and a strict schema. An unknown field is an error. */
export function parseDocument<S extends z.ZodType>(schema: S, bytes: Uint8Array): z.output<S> {
  const parsed = schema.safeParse(decodeCanonical(bytes));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CordonError(
    'document_malformed',
    `The document does not match its format: ${issue ? `${issue.path.join('.') || 'it'}: ${issue.message}` : 'unknown reason'}.`,
    {},
    parsed.error,
  );
}
