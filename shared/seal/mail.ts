/**
 * Mail sealed for devices. A random key encrypts one e-mail message (RFC 5322); the mail key of each recipient encrypts that random key
 * (HPKE, RFC 9180); the messaging key of the sending enrollment signs everything. Unlike a conversation (MLS), a sealed mail has no state:
 * each mail can be opened on its own, in any sequence (ADR 56).
 */
import { z } from 'zod';
import { CordonError, isCordonError } from '../errors.ts';
import { decodeCanonical, encodeCanonical } from '../order/canonical.ts';
import { sha256Hex } from '../order/documents.ts';
import {
  LARGEST_MAIL,
  LARGEST_MAIL_PIECE,
  MAIL_PIECE,
  MOST_MAIL_ADDRESSES,
  MOST_MAIL_PIECES,
  type SealedMail,
} from '../protocol/mail-http.ts';
import { type MailKey, mailSuite } from './mail-key.ts';
import { pad, unpad } from './padding.ts';
import { isSignedFor, signFor } from './signing-key.ts';
import type { Self } from './terms.ts';

const PURPOSE = 'sealed mail 1';
const KiB = 1024;
/** Sizes in bytes to which a message is padded before it is divided into pieces. */
const BUCKETS = [
  ...[4 * KiB, 16 * KiB, 64 * KiB, 256 * KiB, 1024 * KiB, 2048 * KiB],
  ...Array.from({ length: MOST_MAIL_PIECES }, (_, index) => (index + 1) * MAIL_PIECE),
];
const HEADER_BUCKETS = [KiB, 4 * KiB, 16 * KiB, 40 * KiB];

const address = z.string().min(3).max(254);
export const mailHeaderSchema = z.strictObject({
  /**
   * Direction of the mail. `inbound`: from a mail connector to a person's devices. `outbound`: from a device to a mail connector and the
   * user's own devices.
   */
  direction: z.enum(['inbound', 'outbound']),
  installation: z.string().min(1).max(200),
  /** Time of the sender's clock in Unix milliseconds. */
  at: z.int().min(0),
  /** SMTP envelope (RFC 5321). `from` is null for a delivery status notification (the null reverse-path). */
  envelope: z.strictObject({ from: address.nullable(), to: z.array(address).min(1).max(MOST_MAIL_ADDRESSES) }),
  /** Bytes and SHA-256 of the message. */
  size: z.int().min(1).max(LARGEST_MAIL),
  sha256: sha256Hex,
});
export type MailHeader = z.infer<typeof mailHeaderSchema>;

export interface OutgoingMail {
  readonly id: string;
  readonly header: Omit<MailHeader, 'size' | 'sha256'>;
  readonly message: Uint8Array;
  /** Verified keys of the receiving devices (`verifyMailKey`). */
  readonly keys: readonly MailKey[];
}

export interface SealedParts {
  readonly mail: SealedMail;
  /** Encrypted pieces, in the sequence of `mail.pieces`. */
  readonly pieces: readonly Uint8Array<ArrayBuffer>[];
}

/** Seals one message. Throws `too_large` or `content_malformed`. */
export async function sealMail(self: Self, { id, header, message, keys }: OutgoingMail): Promise<SealedParts> {
  if (message.length > LARGEST_MAIL) {
    const detail = `The message has ${message.length} bytes. Mail has at most ${LARGEST_MAIL} bytes.`;
    throw new CordonError('too_large', detail);
  }
  const parsed = mailHeaderSchema.safeParse({ ...header, size: message.length, sha256: await digestOf(message) });
  if (!parsed.success) throw malformed('its header does not match the format', parsed.error);
  const raw = crypto.getRandomValues(new Uint8Array(32));
  const secret = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt']);
  const padded = pad(message, BUCKETS);
  const count = Math.ceil(padded.length / MAIL_PIECE);
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const named: SealedMail['pieces'][number][] = [];
  for (let index = 0; index < count; index += 1) {
    const plain = padded.subarray(index * MAIL_PIECE, (index + 1) * MAIL_PIECE);
    const sealed = new Uint8Array(await crypto.subtle.encrypt(pieceCipher(id, index, count), secret, plain));
    pieces.push(sealed);
    named.push({ id: randomName(), sha256: await digestOf(sealed), size: sealed.length });
  }
  const plainHeader = pad(encodeCanonical(parsed.data), HEADER_BUCKETS);
  const sealedHeader = new Uint8Array(await crypto.subtle.encrypt(headerCipher(id), secret, plainHeader));
  const sender = { device: self.device, generation: self.generation };
  const recipients = await Promise.all(keys.map((key) => wrapFor(key, { id, sender, raw })));
  raw.fill(0);
  const signed = { id, sender, recipients, header: sealedHeader.toBase64(), pieces: named };
  const signature = await signFor(PURPOSE, self.key, encodeCanonical(signed));
  return { mail: { ...signed, signature }, pieces };
}

type Wrapped = SealedMail['recipients'][number];

async function wrapFor(
  { device, generation, number, publicKey }: MailKey,
  {
    id,
    sender,
    raw,
  }: { readonly id: string; readonly sender: SealedMail['sender']; readonly raw: Uint8Array<ArrayBuffer> },
): Promise<Wrapped> {
  const recipientPublicKey = await mailSuite.kem.importKey('raw', Uint8Array.fromBase64(publicKey).buffer, true);
  const context = await mailSuite.createSenderContext({ recipientPublicKey, info: infoOf(id) });
  const wrapped = await context.seal(raw.buffer, boundTo({ id, sender, device, generation, key: number }));
  return {
    device,
    generation,
    key: number,
    enc: new Uint8Array(context.enc).toBase64(),
    wrapped: new Uint8Array(wrapped).toBase64(),
  };
}

/**
 * Verifies the sender's signature. `signatureKey`: messaging key of `mail.sender`, which the caller has verified (`Authenticate`). Throws
 * `content_malformed` if the signature is not valid.
 */
export async function verifySealedMail(mail: SealedMail, signatureKey: string): Promise<void> {
  const { signature, ...signed } = mail;
  const isValid = await isSignedFor(PURPOSE, signatureKey, encodeCanonical(signed), signature);
  if (!isValid) throw malformed('the sender’s key did not sign it');
}

export interface MailReader {
  readonly header: MailHeader;
  /** Opens the message from all encrypted pieces, in the sequence of `mail.pieces`. Throws `content_malformed`. */
  open(pieces: readonly Uint8Array[]): Promise<Uint8Array>;
}

/**
 * Opens the header of a mail for one recipient. `key` has the recipient's enrollment, the number and the private key of a mail key. Call
 * `verifySealedMail` first. Throws `content_malformed`; throws `not_found` if the mail is not sealed for this key.
 */
export async function readSealedMail(
  mail: SealedMail,
  key: {
    readonly device: string;
    readonly generation: number;
    readonly number: number;
    readonly privateKey: Uint8Array<ArrayBuffer>;
  },
): Promise<MailReader> {
  const { id, sender, pieces: named } = mail;
  const own = mail.recipients.find(
    (one) => one.device === key.device && one.generation === key.generation && one.key === key.number,
  );
  if (!own) throw new CordonError('not_found', 'The mail is not sealed for this mail key.');
  // The sizes in the header must be checked, because a dishonest sender can sign any sizes.
  if (named.some(({ size }, index) => size !== LARGEST_MAIL_PIECE && index < named.length - 1)) {
    throw malformed('a piece has a wrong size');
  }
  const secret = await unwrap(own, { id, sender, privateKey: key.privateKey });
  const plainHeader = await decrypted(headerCipher(id), secret, Uint8Array.fromBase64(mail.header));
  const header = headerOf(unpad(plainHeader, HEADER_BUCKETS));
  return {
    header,
    async open(pieces) {
      const sealedMatches = await Promise.all(
        named.map(async ({ sha256 }, index) => (await digestOf(pieces[index] ?? new Uint8Array(0))) === sha256),
      );
      if (pieces.length !== named.length || sealedMatches.includes(false))
        throw malformed('a piece is missing or changed');
      const padded = new Uint8Array(named.reduce((sum, { size }) => sum + size - 16, 0));
      for (const [index, piece] of pieces.entries()) {
        padded.set(await decrypted(pieceCipher(id, index, named.length), secret, piece), index * MAIL_PIECE);
      }
      const message = unpad(padded, BUCKETS);
      if (message?.length !== header.size || (await digestOf(message)) !== header.sha256) {
        throw malformed('the message does not match its header');
      }
      return message;
    },
  };
}

async function unwrap(
  own: Wrapped,
  {
    id,
    sender,
    privateKey,
  }: { readonly id: string; readonly sender: SealedMail['sender']; readonly privateKey: Uint8Array<ArrayBuffer> },
): Promise<CryptoKey> {
  try {
    const recipientKey = await mailSuite.kem.importKey('raw', privateKey.slice().buffer, false);
    const enc = Uint8Array.fromBase64(own.enc).buffer;
    const context = await mailSuite.createRecipientContext({ recipientKey, enc, info: infoOf(id) });
    const { device, generation, key } = own;
    const raw = await context.open(
      Uint8Array.fromBase64(own.wrapped).buffer,
      boundTo({ id, sender, device, generation, key }),
    );
    return await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['decrypt']);
  } catch (cause) {
    throw malformed('its key cannot be opened', cause);
  }
}

async function decrypted(cipher: Cipher, secret: CryptoKey, sealed: Uint8Array): Promise<Uint8Array> {
  try {
    return new Uint8Array(await crypto.subtle.decrypt(cipher, secret, new Uint8Array(sealed)));
  } catch (cause) {
    throw malformed('it was changed in transit', cause);
  }
}

function headerOf(bytes: Uint8Array | null): MailHeader {
  if (!bytes) throw malformed('its header has no valid padding');
  let value: unknown;
  try {
    value = decodeCanonical(bytes);
  } catch (cause) {
    if (!isCordonError(cause, 'document_malformed')) throw cause;
    throw malformed('its header is not canonical', cause);
  }
  const parsed = mailHeaderSchema.safeParse(value);
  if (!parsed.success) throw malformed('its header does not match the format', parsed.error);
  return parsed.data;
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
const infoOf = (id: string) => bytesOf(`cordon mail key wrap 1 ${id}`).buffer;
const boundTo = (names: object) => encodeCanonical(names).buffer;

interface Cipher {
  readonly name: 'AES-GCM';
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly additionalData: Uint8Array<ArrayBuffer>;
}

/** Nonces of one content key: the pieces count from 0, and the header has the largest nonce. Each key encrypts one mail. */
const pieceCipher = (id: string, index: number, count: number): Cipher => {
  const iv = new Uint8Array(12);
  new DataView(iv.buffer).setUint32(8, index);
  return { name: 'AES-GCM', iv, additionalData: bytesOf(`cordon mail ${id} piece ${index} of ${count}`) };
};
const headerCipher = (id: string): Cipher => ({
  name: 'AES-GCM',
  iv: new Uint8Array(12).fill(0xff),
  additionalData: bytesOf(`cordon mail ${id} header`),
});

const randomName = () =>
  crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: 'base64url', omitPadding: true });

const digestOf = async (bytes: Uint8Array) =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(bytes))).toHex();

function malformed(why: string, cause?: unknown): CordonError {
  return new CordonError('content_malformed', `The mail cannot be opened: ${why}.`, {}, cause);
}
