/**
 * Attachments are sealed apart from the message that names them: AES-256-GCM under a key of its own, which only that message holds. The server
 * stores what it cannot open under a name that it cannot guess; both are made here and serve once.
 */
import { CordonError } from '../errors.ts';
import { LARGEST_ATTACHED, type SealedAttachment } from './content.ts';
import { pad, unpad } from './padding.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
/** The last one holds the largest; it and the tag stay below `LARGEST_ATTACHMENT`. */
const BUCKETS = [4 * KiB, 16 * KiB, 64 * KiB, 256 * KiB, MiB, 2 * MiB, 3 * MiB, 4 * MiB, 5 * MiB + 32];

/** A key that seals once needs no other nonce. */
const NONCE = new Uint8Array(12);

type Handle = Pick<SealedAttachment, 'id' | 'key' | 'sha256' | 'size'>;

const parameters = (id: string) => ({
  name: 'AES-GCM',
  iv: NONCE,
  additionalData: new TextEncoder().encode(`cordon attachment ${id}`),
});

/** What is handed in under `id`, and what the message says of it besides its name. Throws `too_large`. */
export async function sealAttachment(bytes: Uint8Array): Promise<Handle & { readonly sealed: Uint8Array }> {
  if (bytes.length > LARGEST_ATTACHED) {
    throw new CordonError(
      'too_large',
      `An attachment has ${LARGEST_ATTACHED / MiB} MiB at most: share it another way.`,
    );
  }
  const id = crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: 'base64url', omitPadding: true });
  const raw = crypto.getRandomValues(new Uint8Array(32));
  const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt']);
  const sealed = new Uint8Array(await crypto.subtle.encrypt(parameters(id), key, pad(bytes, BUCKETS)));
  return { id, key: raw.toBase64(), sha256: await digest(sealed), size: bytes.length, sealed };
}

/** Throws `attachment_damaged` for anything but what was sealed for this handle. */
export async function openAttachment(sealed: Uint8Array, { id, key, sha256, size }: Handle): Promise<Uint8Array> {
  const given = new Uint8Array(sealed);
  if ((await digest(given)) !== sha256) throw damaged();
  let padded: ArrayBuffer;
  try {
    const secret = await crypto.subtle.importKey('raw', Uint8Array.fromBase64(key), 'AES-GCM', false, ['decrypt']);
    padded = await crypto.subtle.decrypt(parameters(id), secret, given);
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
  const detail = 'The attachment is not what its message says: it was changed on its way, or by its sender.';
  return new CordonError('attachment_damaged', detail, {}, cause);
}
