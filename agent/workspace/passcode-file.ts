/**
 * Format of `passcode.key`: the workspace key, encrypted with a key from the user's passcode and `wrapping.key`. Argon2id makes each guess of
 * a passcode expensive: 64 MiB of memory and about 0.2 seconds on a usual device (RFC 9106, section 4, with one lane). The file contains
 * these parameters, so that later versions of the agent can raise them.
 */
import { argon2, createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';

/** Cost of one guess of a passcode. Tests use a lower one. */
export interface PasscodeCost {
  /** KiB of memory. */
  readonly memory: number;
  readonly passes: number;
}
export const PASSCODE_COST: PasscodeCost = { memory: 64 * 1024, passes: 3 };
const NONCE = 12;
const TAG = 16;

const headerSchema = z.strictObject({
  version: z.literal(1),
  /** Number of characters that the passcode has at least. The exact length would help an attacker. */
  minimum: z.int().min(1).max(64),
  /** KiB of memory, and passes, of Argon2id. The limits protect the device from a manipulated file. */
  memory: z
    .int()
    .min(8)
    .max(64 * 1024),
  passes: z.int().min(1).max(10),
  salt: z.base64().length(24),
});
const fileSchema = z.strictObject({ header: headerSchema, sealed: z.base64().max(256) });

export interface PasscodeFile {
  readonly passcode: string;
  /** Content of `wrapping.key`. */
  readonly wrapping: Buffer;
}

/** Text of a passcode in one form, so that every keyboard and system gives the same key for the same characters. */
export const normalized = (passcode: string): string => passcode.normalize('NFKC');
export const lengthOf = (passcode: string): number => [...normalized(passcode)].length;

export async function sealWithPasscode(
  { passcode, wrapping }: PasscodeFile,
  {
    minimum,
    cost,
    workspaceKey,
  }: { readonly minimum: number; readonly cost: PasscodeCost; readonly workspaceKey: Buffer },
): Promise<Buffer> {
  const header = { version: 1, minimum, ...cost, salt: randomBytes(16).toString('base64') } as const;
  const key = await keyOf(passcode, wrapping, header);
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bound(header));
  const sealed = Buffer.concat([nonce, cipher.update(workspaceKey), cipher.final(), cipher.getAuthTag()]);
  return Buffer.from(JSON.stringify({ header, sealed: sealed.toString('base64') }));
}

/** Returns the workspace key; null for a wrong passcode. Throws `document_malformed` for a damaged file. */
export async function openWithPasscode(file: Buffer, { passcode, wrapping }: PasscodeFile): Promise<Buffer | null> {
  const { header, sealed } = parse(file);
  const key = await keyOf(passcode, wrapping, header);
  const bytes = Buffer.from(sealed, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE)).setAAD(bound(header));
  decipher.setAuthTag(bytes.subarray(-TAG));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE, -TAG)), decipher.final()]);
  } catch {
    return null;
  }
}

/** Number of characters that the passcode of the file has at least. */
export const minimumOf = (file: Buffer): number => parse(file).header.minimum;

const derive = promisify(argon2);

async function keyOf(passcode: string, wrapping: Buffer, { memory, passes, salt }: z.infer<typeof headerSchema>) {
  const stretched = await derive('argon2id', {
    message: Buffer.from(normalized(passcode)),
    nonce: Buffer.from(salt, 'base64'),
    parallelism: 1,
    tagLength: 32,
    memory,
    passes,
  });
  return Buffer.from(hkdfSync('sha256', stretched, wrapping, 'cordon workspace passcode', 32));
}

/** Authenticated data of the sealed key, so that a change of the header is noticed. */
const bound = (header: z.infer<typeof headerSchema>): Buffer =>
  Buffer.from(`cordon workspace passcode ${JSON.stringify(header)}`);

function parse(file: Buffer): z.infer<typeof fileSchema> {
  try {
    return fileSchema.parse(JSON.parse(file.toString('utf8')));
  } catch (cause) {
    throw new CordonError(
      'document_malformed',
      'The file passcode.key of the workspace is damaged. Ask your admin to reset the passcode.',
      {},
      cause,
    );
  }
}
