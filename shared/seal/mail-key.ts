/**
 * Keys to which other devices seal mail: X25519 (RFC 7748) for HPKE (RFC 9180). A device signs each key with the messaging key of its
 * enrollment, and the organization has countersigned that messaging key (ADR 16). The server therefore cannot put its own key in place of a
 * device's key.
 */
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { z } from 'zod';
import { CordonError } from '../errors.ts';
import { encodeCanonical, parseDocument } from '../order/canonical.ts';
import { deviceIdSchema } from '../protocol/ids.ts';
import type { MailKeyStatement } from '../protocol/mail-http.ts';
import { isSignedFor, signFor } from './signing-key.ts';
import type { Self } from './terms.ts';

const DAY = 86_400_000;
const PURPOSE = 'mail key 1';
/** Lifetime of a mail key in milliseconds. A device replaces its key after a third of this time. */
export const MAIL_KEY_LIFETIME = 90 * DAY;
/** Tolerance for clock differences in the lifetime of a mail key, in milliseconds. */
const SLACK = DAY;

export const mailKeySchema = z.strictObject({
  installation: z.string().min(1).max(200),
  device: deviceIdSchema,
  generation: z.int().min(1),
  /** Counts the mail keys of one enrollment, from 1. */
  number: z.int().min(1),
  /** Raw X25519 public key, base64. */
  publicKey: z.base64().length(44),
  createdAt: z.int().min(0),
  expiresAt: z.int().min(0),
});
export type MailKey = z.infer<typeof mailKeySchema>;

export const mailSuite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});

export interface NewMailKey {
  readonly key: MailKey;
  readonly statement: MailKeyStatement;
  /** Raw X25519 private key. It never leaves the device. */
  readonly privateKey: Uint8Array<ArrayBuffer>;
}

/** Makes a mail key and signs it with the messaging key of `self`. `now`: machine time in Unix milliseconds. */
export async function makeMailKey(
  self: Self,
  { installation, number, now }: { readonly installation: string; readonly number: number; readonly now: number },
): Promise<NewMailKey> {
  const pair = await mailSuite.kem.generateKeyPair();
  const publicKey = new Uint8Array(await mailSuite.kem.serializePublicKey(pair.publicKey)).toBase64();
  const { device, generation } = self;
  const expiresAt = now + MAIL_KEY_LIFETIME;
  const key: MailKey = { installation, device, generation, number, publicKey, createdAt: now, expiresAt };
  const payload = encodeCanonical(key);
  const signature = await signFor(PURPOSE, self.key, payload);
  const privateKey = new Uint8Array(await mailSuite.kem.serializePrivateKey(pair.privateKey));
  return { key, statement: { payload: payload.toBase64(), signature }, privateKey };
}

/** Parses a mail key without a check of its signature. Throws `document_malformed`. */
export function readMailKey(statement: MailKeyStatement): MailKey {
  return parseDocument(mailKeySchema, Uint8Array.fromBase64(statement.payload));
}

/**
 * Verified mail key of an enrollment. `signatureKey`: messaging key of the enrollment, which the caller has verified (`Authenticate`).
 * Throws `unverified_member` if the key is not the enrollment's, or is not valid at `now`.
 */
export async function verifyMailKey(
  statement: MailKeyStatement,
  owner: {
    readonly installation: string;
    readonly device: string;
    readonly generation: number;
    readonly signatureKey: string;
  },
  now: number,
): Promise<MailKey> {
  const key = readMailKey(statement);
  const { installation, device, generation } = owner;
  if (key.installation !== installation || key.device !== device || key.generation !== generation) {
    throw unverified(owner, 'it belongs to another device');
  }
  const isSigned = await isSignedFor(
    PURPOSE,
    owner.signatureKey,
    Uint8Array.fromBase64(statement.payload),
    statement.signature,
  );
  if (!isSigned) throw unverified(owner, 'the device’s messaging key did not sign it');
  if (key.expiresAt - key.createdAt > MAIL_KEY_LIFETIME) throw unverified(owner, 'its lifetime is too long');
  if (key.expiresAt + SLACK < now) throw unverified(owner, 'it has expired');
  if (key.createdAt - SLACK > now) throw unverified(owner, 'it is from the future');
  return key;
}

function unverified({ device }: { readonly device: string }, why: string): CordonError {
  return new CordonError('unverified_member', `The mail key of ${device} is not valid: ${why}.`, { device });
}
