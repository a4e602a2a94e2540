/**
 * Binding file in the key folder, which says to which store the keys belong. The file is not authenticated, because a person who can write
 * to the key folder can also replace the keys. The file protects against mistakes only.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CordonError } from '../shared/errors.ts';
import type { Authority } from './authority.ts';
import { writeDurably } from './custody.ts';

export const INSTALLATION_FILE = 'installation.json';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const bindingSchema = z.strictObject({
  version: z.literal(1),
  installation: z.string().min(1).max(64),
  /** SHA-256 of the root CA's certificate (DER), lower-case hex. `issuing`: the same of the issuing CA's certificate. */
  root: sha256,
  issuing: sha256,
  /** SHA-256 of the ledger's public key (SPKI), lower-case hex. */
  ledgerKey: sha256,
});

/** Identifier of the installation. Key folder and store have the same value. */
export type InstallationBinding = z.infer<typeof bindingSchema>;

export function bindingOf(
  authority: Pick<Authority, 'fingerprint' | 'issuingFingerprint' | 'ledgerKey'>,
  installation: string,
): InstallationBinding {
  const { fingerprint, issuingFingerprint, ledgerKey } = authority;
  return { version: 1, installation, root: fingerprint, issuing: issuingFingerprint, ledgerKey: ledgerKey.keyid };
}

/**
 * Reads the binding file, which says to which store the keys in the folder belong. Returns null if the file is missing. Throws
 * `unavailable` if the file is damaged.
 */
export function readBindingFile(folder: string): InstallationBinding | null {
  const path = join(folder, INSTALLATION_FILE);
  if (!existsSync(path)) return null;
  try {
    return bindingSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new CordonError('unavailable', `The file ${path} is damaged. Restore it from a backup.`, {}, error);
  }
}

export function writeBindingFile(folder: string, binding: InstallationBinding): void {
  writeDurably(join(folder, INSTALLATION_FILE), `${JSON.stringify(bindingSchema.parse(binding))}\n`);
}
