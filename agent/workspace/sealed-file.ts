/**
 * Format of a sealed file: `CWS1 | salt (32) | u32 length of the sealed header | sealed header | sealed content`. Each sealed part uses
 * AES-256-GCM with a new key for every write (HKDF over the workspace key and the salt), so that no nonce repeats. The header contains name
 * and size, so a listing need not decrypt the content. Both parts authenticate the file's opaque id.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';

const MAGIC = Buffer.from('CWS1');
const SALT = 32;
const TAG = 16;
const headerSchema = z.strictObject({ name: z.string().min(1).max(1024), size: z.int().min(0) });
export type SealedHeader = z.infer<typeof headerSchema>;

/** Name of a sealed file on the disk, derived from the file's name and the workspace key. Without the key, it reveals nothing. */
export function opaqueId(workspaceKey: Buffer, name: string): string {
  const nameKey = derive(workspaceKey, Buffer.alloc(0), 'cordon workspace names');
  return createHmac('sha256', nameKey).update(name).digest('hex');
}

export function sealFile(workspaceKey: Buffer, id: string, name: string, content: Buffer): Buffer {
  const salt = randomBytes(SALT);
  const header = Buffer.from(JSON.stringify({ name, size: content.length }));
  const sealedHeader = seal(derive(workspaceKey, salt, 'header'), id, header);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(sealedHeader.length);
  return Buffer.concat([MAGIC, salt, length, sealedHeader, seal(derive(workspaceKey, salt, 'content'), id, content)]);
}

/** Number of bytes at the start of a file that always contain the sealed header: a name of 1,024 escaped characters, and the other fields. */
export const HEADER_WITHIN = 8 * 1024;

/** `file`: the file, or at least its first `HEADER_WITHIN` bytes. */
export function openHeader(workspaceKey: Buffer, id: string, file: Buffer): SealedHeader {
  const { salt, sealedHeader } = parts(id, file);
  return headerSchema.parse(JSON.parse(open(derive(workspaceKey, salt, 'header'), id, sealedHeader).toString('utf8')));
}

export function openContent(workspaceKey: Buffer, id: string, file: Buffer): Buffer {
  const { salt, sealedContent } = parts(id, file);
  return open(derive(workspaceKey, salt, 'content'), id, sealedContent);
}

function parts(id: string, file: Buffer) {
  const fixed = MAGIC.length + SALT + 4;
  const headerLength = file.length >= fixed ? file.readUInt32BE(MAGIC.length + SALT) : 0;
  if (!file.subarray(0, MAGIC.length).equals(MAGIC) || headerLength < TAG || file.length < fixed + headerLength + TAG) {
    throw damaged(id);
  }
  return {
    salt: file.subarray(MAGIC.length, MAGIC.length + SALT),
    sealedHeader: file.subarray(fixed, fixed + headerLength),
    sealedContent: file.subarray(fixed + headerLength),
  };
}

const derive = (key: Buffer, salt: Buffer, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key, salt, purpose, 32));

/** Each AES key encrypts only once, so the nonce may be constant. */
const NONCE = Buffer.alloc(12);

function seal(key: Buffer, id: string, plain: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, NONCE).setAAD(Buffer.from(id));
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function open(key: Buffer, id: string, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, NONCE).setAAD(Buffer.from(id));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, sealed.length - TAG)), decipher.final()]);
  } catch (error) {
    throw damaged(id, error);
  }
}

function damaged(id: string, cause?: unknown): CordonError {
  return new CordonError(
    'document_malformed',
    `The workspace file ${id} is damaged, or was made with another key. Restore it from a backup, or delete it.`,
    { id },
    cause,
  );
}
