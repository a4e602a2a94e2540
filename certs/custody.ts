/**
 * Custody of secrets at rest: one key, derived from the passphrase by scrypt, seals each with AES-256-GCM under the name that it is
 * kept for, so that a sealed secret cannot be put in another's place. It protects a copied data folder or backup; it does not protect
 * against who can read the running server's memory or its passphrase.
 */
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { syncFolder, writeSynced } from '../shared/durable-file.ts';
import { CordonError } from '../shared/errors.ts';
import { requirePrivateFile, requirePrivateFolder } from '../shared/private-file.ts';

const CUSTODY_FILE = 'custody.json';
/** 64 MiB and about a fifth of a second, once a start. */
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
  /** A sealed constant: tells a wrong passphrase from a damaged key. */
  check: z.string(),
});

export interface Custody {
  /** `purpose` must be given again to unseal. */
  seal(plain: Buffer, purpose: string): string;
  /** Throws `unavailable` when the text is damaged or was sealed for another purpose. */
  unseal(text: string, purpose: string): Buffer;
}

/** Opens the custody under `folder`, or founds it when there is none. Throws `passphrase_wrong`. */
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
 * A file that is either whole or not there after a crash, readable by its owner alone. With `keep`, a file that is there already
 * stays as it is.
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
  /** Where it stands; null when it came from the environment. */
  readonly path: string | null;
  /** It was made just now: tell the admin where, so that it gets into a backup of its own. */
  readonly generated: boolean;
}

/**
 * The passphrase from the environment (`given`), else from `file`, which is made at the first start. It is not made again for a data
 * folder that was sealed with another one.
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
    // Two servers that start at once on one machine must end up with the same one.
    writeDurably(path, `${randomBytes(24).toString('base64url')}\n`, true);
  }
  requirePrivateFile(path);
  return { passphrase: checked(readFileSync(path, 'utf8').trim(), path), from: 'file', path, generated };
}

function checked(passphrase: string, where: string): string {
  if (passphrase.length >= 12) return passphrase;
  throw new CordonError('invalid_input', `The passphrase in ${where} is shorter than 12 characters. Use a longer one.`);
}
