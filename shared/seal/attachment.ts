/**
 * Attachments: files encrypted separately from the message that names them, each with its own AES-256-GCM key. Only the message contains
 * the key. The server stores the file under a random name and cannot decrypt it.
 */
import { CordonError } from '../errors.ts';
import { LARGEST_ATTACHED, type SealedAttachment } from './content.ts';
import { pad, unpad } from './padding.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
/** Sizes in bytes to which files are padded. The largest size plus the authentication tag is below `LARGEST_ATTACHMENT`. */
const BUCKETS = [4 * KiB, 16 * KiB, 64 * KiB, 256 * KiB, MiB, 2 * MiB, 3 * MiB, 4 * MiB, 5 * MiB + 32];

/** Nonce of zeros. This nonce is safe, because each key encrypts only one file. */
const NONCE = new Uint8Array(12);

type Handle = Pick<SealedAttachment, 'id' | 'key' | 'sha256' | 'size'>;

const parameters = (id: string) => ({
  name: 'AES-GCM',
  iv: NONCE,
  additionalData: new TextEncoder().encode(`cordon attachment ${id}`),
});

/** Returns the encrypted bytes, which the caller stores under `id`, and the id and key for the message. Throws `too_large`. */
export async function sealAttachment(bytes: Uint8Array): Promise<Handle & { readonly sealed: Uint8Array }> {
  if (bytes.length > LARGEST_ATTACHED) {
    throw new CordonError(
      'too_large',
      `The file is larger than ${LARGEST_ATTACHED / MiB} MiB, the limit for attachments. Share it another way.`,
    );
  }
  const id = crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: 'base64url', omitPadding: true });
  const raw = crypto.getRandomValues(new Uint8Array(32));
  const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt']);
  const sealed = new Uint8Array(await crypto.subtle.encrypt(parameters(id), key, pad(bytes, BUCKETS)));
  return { id, key: raw.toBase64(), sha256: await digest(sealed), size: bytes.length, sealed };
}

/** Decrypts an attachment. Throws `attachment_damaged` if the bytes do not belong to the name and key in the message. */
export async function openAttachment(sealed: Uint8Array, { id, key, sha256, size }: Handle): Promise<Uint8Array> {
  const ciphertext = new Uint8Array(sealed);
  if ((await digest(ciphertext)) !== sha256) throw damaged();
  let padded: ArrayBuffer;
  try {
    const secret = await crypto.subtle.importKey('raw', Uint8Array.fromBase64(key), 'AES-GCM', false, ['decrypt']);
    padded = await crypto.subtle.decrypt(parameters(id), secret, ciphertext);
  } catch (cause) {
    throw damaged(cause);
  }
  const bytes = unpad(new Uint8Array(padded), BUCKETS);
  if (bytes?.length !== size) throw damaged();
  return bytes;
}

const digest = async (bytes: Uint8Array<ArrayBuffer>) =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).toHex();

function damaged(cause?: unknown): CordonError {
  const detail = 'The attachment does not match its message. The file was changed in transit or by its sender.';
  return new CordonError('attachment_damaged', detail, {}, cause);
}
