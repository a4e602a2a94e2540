/**
 * Encryption of secrets on the disk with AES-256-GCM, under a key that scrypt derives from the passphrase. The purpose of a secret is
 * authenticated, so one encrypted secret cannot replace another. A copied data folder or backup is protected; the server's memory and
 * passphrase are not.
 */
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { syncFolder, writeSynced } from '../shared/durable-file.ts';
import { CordonError } from '../shared/errors.ts';
import { requirePrivateFile, requirePrivateFolder } from '../shared/private-file.ts';

const CUSTODY_FILE = 'custody.json';
/** Cost of scrypt: 64 MiB of memory and about 0.2 s at each start. */
const COST = { N: 2 ** 16, r: 8, p: 1 } as const;

const custodySchema = z.strictObject({
  version: z.literal(1),
  kdf: z.literal('scrypt'),
  N: z
    .int()
    .min(2 ** 14)
    .max(2 ** 20),
  r: z.int().min(1).max(32),
  p: z.int().min(1).max(16),
  salt: z.base64(),
  /** Encrypted constant that is decrypted first. A failure shows that the passphrase is wrong, and not that a key is damaged. */
  check: z.string(),
});

export interface Custody {
  /** Encrypts a secret. `unseal` needs the same `purpose`. */
  seal(plain: Buffer, purpose: string): string;
  /** Decrypts a secret. Throws `unavailable` if the text is damaged or was encrypted for another purpose. */
  unseal(text: string, purpose: string): Buffer;
}

/** Opens or creates the encryption of a key folder. Throws `passphrase_wrong`. */
export function openCustody(folder: string, passphrase: string): Custody {
  const path = join(folder, CUSTODY_FILE);
  if (existsSync(path)) {
    requirePrivateFolder(folder);
    const found = custodySchema.safeParse(parseJson(path));
    if (!found.success) throw new CordonError('unavailable', `${path} is damaged. Restore it from a backup.`);
    const custody = custodyOf(deriveKey(passphrase, Buffer.from(found.data.salt, 'base64'), found.data));
    try {
      custody.unseal(found.data.check, 'check');
    } catch (error) {
      throw new CordonError(
        'passphrase_wrong',
        `The passphrase cannot decrypt ${path}. Use the passphrase that was made at the first start.`,
        {},
        error,
      );
    }
    return custody;
  }
  const salt = randomBytes(32);
  const custody = custodyOf(deriveKey(passphrase, salt, COST));
  const check = custody.seal(Buffer.from('cordon'), 'check');
  const text = JSON.stringify({ version: 1, kdf: 'scrypt', ...COST, salt: salt.toString('base64'), check });
  writeDurably(path, `${text}\n`);
  return custody;
}

function parseJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new CordonError('unavailable', `${path} is damaged. Restore it from a backup.`, {}, error);
  }
}

function deriveKey(passphrase: string, salt: Buffer, cost: { N: number; r: number; p: number }): Buffer {
  const maxmem = 256 * cost.N * cost.r;
  return scryptSync(passphrase.normalize('NFC'), salt, 32, { N: cost.N, r: cost.r, p: cost.p, maxmem });
}

function custodyOf(key: Buffer): Custody {
  return {
    seal: (plain, purpose) => {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(purpose, 'utf8'));
      const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
      return `v1.${Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url')}`;
    },
    unseal: (text, purpose) => {
      const bytes = Buffer.from(text.trim().replace(/^v1\./, ''), 'base64url');
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 })
          .setAAD(Buffer.from(purpose, 'utf8'))
          .setAuthTag(bytes.subarray(-16));
        return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
      } catch (error) {
        const detail = `The secret that was encrypted as "${purpose}" is damaged or is another secret. Restore it from a backup.`;
        throw new CordonError('unavailable', detail, { purpose }, error);
      }
    },
  };
}

/**
 * Writes a file that only its owner can read. After a crash, the file is either complete or absent. `keep`: leave an existing file
 * unchanged.
 */
export function writeDurably(path: string, text: string, keep = false): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const half = `${path}.${process.pid}.new`;
  rmSync(half, { force: true });
  writeSynced(half, text, 'wx');
  try {
    if (keep) linkSync(half, path);
    else renameSync(half, path);
  } catch (error) {
    if (!(keep && existsSync(path))) throw error;
  } finally {
    rmSync(half, { force: true });
  }
  syncFolder(folder);
}

export interface Passphrase {
  readonly passphrase: string;
  readonly from: 'environment' | 'file';
  /** Path of the passphrase file; null for a passphrase from the environment. */
  readonly path: string | null;
  /**
   * True if the current start of the server created the passphrase file. The server then tells the admin the file's path, because the file
   * needs its own backup.
   */
  readonly generated: boolean;
}

/**
 * Passphrase from the environment (`given`), or else from `file`. The first start creates the file. If the data folder is encrypted with
 * another passphrase, no new passphrase is created.
 */
export function resolvePassphrase(from: { given: string | null; file: string; folder: string }): Passphrase {
  if (from.given !== null) {
    return { passphrase: checked(from.given, 'CORDON_PASSPHRASE'), from: 'environment', path: null, generated: false };
  }
  const path = resolve(from.file);
  const generated = !existsSync(path);
  if (generated) {
    if (existsSync(join(from.folder, CUSTODY_FILE))) {
      throw new CordonError(
        'passphrase_wrong',
        `The passphrase file ${path} is missing, and the keys in ${from.folder} are encrypted with it. Restore the file, or set CORDON_PASSPHRASE.`,
      );
    }
    // Two servers that start together on one machine must get the same passphrase.
    writeDurably(path, `${randomBytes(24).toString('base64url')}\n`, true);
  }
  requirePrivateFile(path);
  return { passphrase: checked(readFileSync(path, 'utf8').trim(), path), from: 'file', path, generated };
}

function checked(passphrase: string, where: string): string {
  if (passphrase.length >= 12) return passphrase;
  throw new CordonError('invalid_input', `The passphrase in ${where} is shorter than 12 characters. Use a longer one.`);
}
