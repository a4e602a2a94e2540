/**
 * Signature of a passkey under a document (WebAuthn Level 3, section 7.2). A passkey signs no document itself. It signs an assertion: the
 * authenticator data, and the hash of the browser's client data. The client data contains a challenge, which is the SHA-256 of the bytes to
 * sign. This module parses and checks an assertion without cryptography; `passkey-signature.ts` (Node) and `web-passkey-signature.ts`
 * (browsers) compute the hashes and verify the signature.
 */
import { z } from 'zod';
import { isCordonError } from '../errors.ts';
import { canonicalText, parseDocument } from './canonical.ts';

/** Maximum bytes of each part of an assertion. Browsers create client data of less than 300 bytes. */
const MOST_CLIENT_DATA = 1_024;
const MOST_AUTHENTICATOR_DATA = 256;
/** Maximum bytes of a signature. Approver keys sign with at most 72 bytes, RS256 with up to 512 bytes. */
const MOST_SIGNATURE = 512;

const encoded = (bytes: number) =>
  z
    .string()
    .min(1)
    .max(Math.ceil((bytes * 4) / 3))
    .regex(/^[A-Za-z0-9_-]+$/);

/** Assertion as canonical JSON. DSSE signatures contain these bytes. */
export const assertionSchema = z.strictObject({
  authenticatorData: encoded(MOST_AUTHENTICATOR_DATA),
  clientDataJSON: encoded(MOST_CLIENT_DATA),
  signature: encoded(MOST_SIGNATURE),
});
export type EncodedAssertion = z.infer<typeof assertionSchema>;

type Bytes = Uint8Array<ArrayBuffer>;

export interface Assertion {
  readonly authenticatorData: Bytes;
  readonly clientDataJSON: Bytes;
  readonly signature: Bytes;
}

/** DSSE signature in base64 from the browser's assertion. */
export function encodeAssertion({ authenticatorData, clientDataJSON, signature }: EncodedAssertion): string {
  const text = canonicalText({ authenticatorData, clientDataJSON, signature });
  return new TextEncoder().encode(text).toBase64();
}

/** Parses the bytes of a DSSE signature. Null unless they are exactly one canonical assertion. */
export function readAssertion(bytes: Uint8Array): Assertion | null {
  try {
    const { authenticatorData, clientDataJSON, signature } = parseDocument(assertionSchema, bytes);
    return {
      authenticatorData: decoded(authenticatorData),
      clientDataJSON: decoded(clientDataJSON),
      signature: decoded(signature),
    };
  } catch (error) {
    if (isCordonError(error, 'document_malformed') || error instanceof SyntaxError) return null;
    throw error;
  }
}

function decoded(text: string): Bytes {
  const bytes = Uint8Array.fromBase64(text, { alphabet: 'base64url' });
  // A value can have several encodings, because the decoder ignores the unused bits of the last character. Only one of them is accepted.
  if (bytes.toBase64({ alphabet: 'base64url', omitPadding: true }) !== text) throw new SyntaxError('not canonical');
  return bytes;
}

const HASH_BYTES = 32;
/** Bytes of authenticator data without extensions: hash of the relying party id, flags, counter. */
const SHORTEST_AUTHENTICATOR_DATA = HASH_BYTES + 1 + 4;
const FLAG = { present: 0x01, verified: 0x04, backupEligible: 0x08, backedUp: 0x10, attested: 0x40, extended: 0x80 };

/**
 * Whether the assertion is for this challenge and this relying party, from a user whom the authenticator has verified. The caller must also
 * verify the signature over `signedBytes`. `challenge`, `rpIdHash`: SHA-256 of the bytes to sign, and of `rpId`.
 */
export function assertionFits(
  { authenticatorData, clientDataJSON }: Assertion,
  expected: { readonly challenge: Uint8Array; readonly rpId: string; readonly rpIdHash: Uint8Array },
): boolean {
  return (
    authenticatorFits(authenticatorData, expected.rpIdHash) &&
    clientFits(clientDataJSON, expected.challenge, expected.rpId)
  );
}

function authenticatorFits(data: Uint8Array, rpIdHash: Uint8Array): boolean {
  const flags = data[HASH_BYTES] ?? 0;
  const has = (flag: number) => (flags & flag) !== 0;
  const sized = has(FLAG.extended)
    ? data.length > SHORTEST_AUTHENTICATOR_DATA
    : data.length === SHORTEST_AUTHENTICATOR_DATA;
  return (
    sized &&
    rpIdHash.length === HASH_BYTES &&
    rpIdHash.every((byte, at) => data[at] === byte) &&
    has(FLAG.present) &&
    has(FLAG.verified) &&
    // The flag for a new credential is refused, because only a registration contains a new credential.
    !has(FLAG.attested) &&
    (has(FLAG.backupEligible) || !has(FLAG.backedUp))
  );
}

const clientDataSchema = z.looseObject({
  type: z.literal('webauthn.get'),
  challenge: z.string(),
  origin: z.string(),
  crossOrigin: z.literal(false).optional(),
  topOrigin: z.never().optional(),
});

/**
 * Checked keys of the client data. The client data must contain no escaped characters, because they could hide a second occurrence of such
 * a key.
 */
const CHECKED_KEY = /"(type|challenge|origin|crossOrigin|topOrigin)"\s*:/g;

function clientFits(bytes: Uint8Array, challenge: Uint8Array, rpId: string): boolean {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    return false;
  }
  const keys = (text.match(CHECKED_KEY) ?? []).map((key) => key.replace(/\s*:$/, ''));
  const ambiguous = text.includes('\\') || new Set(keys).size !== keys.length;
  const parsed = clientDataSchema.safeParse(value);
  return (
    !ambiguous &&
    parsed.success &&
    parsed.data.challenge === challenge.toBase64({ alphabet: 'base64url', omitPadding: true }) &&
    originFits(parsed.data.origin, rpId)
  );
}

/**
 * Whether a page of this origin may use passkeys of the relying party: an HTTPS page on its host or a subdomain. For `localhost`, browsers
 * also allow HTTP.
 */
export function originFits(origin: string, rpId: string): boolean {
  if (rpId === 'localhost' && /^http:\/\/localhost(:\d{1,5})?$/.test(origin)) return true;
  const host = /^https:\/\/([a-z0-9.-]+)(:\d{1,5})?$/.exec(origin)?.[1];
  return host !== undefined && (host === rpId || host.endsWith(`.${rpId}`));
}

/** Bytes that the authenticator signed. `clientDataHash`: SHA-256 of the client data. */
export function signedBytes({ authenticatorData }: Assertion, clientDataHash: Uint8Array): Bytes {
  const bytes = new Uint8Array(authenticatorData.length + clientDataHash.length);
  bytes.set(authenticatorData);
  bytes.set(clientDataHash, authenticatorData.length);
  return bytes;
}
