/**
 * Canonical JSON: sorted keys, no spaces, integers only, UTF-8. A signed document has exactly one encoding: the parser encodes each parsed
 * document again and compares the bytes. The comparison refuses duplicate keys, fractions, integers beyond 2^53 and unnecessary escapes.
 */
import type { z } from 'zod';
import { CordonError } from '../errors.ts';

const encoder = new TextEncoder();
/** With `ignoreBOM`, the decoder keeps a byte order mark, which the JSON parser then refuses. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Maximum nesting depth of a document. No document type needs more, and the call stack allows far more. */
const DEEPEST = 32;

function refuse(why: string): never {
  throw new CordonError('document_malformed', `The document is not canonical JSON: ${why}.`);
}

function encodeString(value: string): string {
  // A lone surrogate is refused, because it has no UTF-8 encoding. JSON.stringify would escape it instead.
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
      // A key `__proto__` is refused. It would be harmless here, but dangerous in code that copies keys by assignment.
      if (key === '__proto__') refuse('a key is named __proto__');
      return `${encodeString(key)}:${encodeValue(field, depth + 1)}`;
    });
  return `{${fields.join(',')}}`;
}

/**
 * Canonical JSON text of a value. Throws `document_malformed` for a value without a canonical form, such as a fraction, `undefined`, a lone
 * surrogate or a class instance.
 */
export function canonicalText(value: unknown): string {
  return encodeValue(value, 0);
}

export function encodeCanonical(value: unknown): Uint8Array<ArrayBuffer> {
  return encoder.encode(canonicalText(value));
}

export function decodeCanonical(bytes: Uint8Array): unknown {
  let text: string;
  let value: unknown;
  try {
    text = decoder.decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw new CordonError('document_malformed', 'The document is not JSON in UTF-8.', {}, cause);
  }
  // The decoder refuses invalid UTF-8 and keeps a byte order mark. Different bytes therefore always give different texts.
  if (canonicalText(value) !== text) {
    refuse('keys are repeated or not sorted, or spaces, escapes or numbers are not in the shortest form');
  }
  return value;
}

/** Parses canonical JSON bytes and checks the document against a strict schema. An unknown field is an error. */
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
