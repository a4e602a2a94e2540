/**
 * Credentials as files with mode 0600: `key.pem`, `chain.pem`, `root.pem`, and `enrollment.json` with the other data. `enrollment.json` is
 * written last, so a crash leaves an incomplete enrollment and never a damaged one.
 */

import { createPrivateKey, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { syncFolder, writeSynced } from '../../shared/durable-file.ts';
import { CordonError } from '../../shared/errors.ts';
import { requirePrivateFile } from '../../shared/private-file.ts';
import { deviceIdSchema } from '../../shared/protocol/ids.ts';
import { type CredentialPort, credentialsOver, type EnrollmentKeeper, type EnrollmentState } from './credentials.ts';

const common = { device: deviceIdSchema, code: z.string(), publicUrl: z.url(), deviceUrl: z.url() };
const metadataSchema = z.discriminatedUnion('complete', [
  z.strictObject({ ...common, complete: z.literal(false) }),
  z.strictObject({ ...common, complete: z.literal(true), generation: z.int().min(1), installation: z.string() }),
]);

export function credentialFolder(folder: string): EnrollmentKeeper & CredentialPort {
  const path = (name: string) => join(folder, name);
  /**
   * Reads a file in the folder of this device's credentials; null if the file does not exist. Throws if the current operating-system user
   * may not read the file.
   */
  const readOr = (name: string) => {
    try {
      return readFileSync(path(name), 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw error;
    }
  };

  const load = (): EnrollmentState | null => {
    const metadata = readOr('enrollment.json');
    const keyPem = readOr('key.pem');
    if (keyPem !== null) requirePrivateFile(path('key.pem'));
    const rootPem = readOr('root.pem');
    if (metadata === null || keyPem === null || rootPem === null) return null;
    const chainPem = readOr('chain.pem');
    const rest = parseMetadata(metadata, path('enrollment.json'));
    requireKey(keyPem, path('key.pem'));
    if (!rest.complete) return { ...rest, keyPem, rootPem, chainPem };
    return chainPem === null ? null : { ...rest, keyPem, rootPem, chainPem };
  };

  const save = (state: EnrollmentState) => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { keyPem, rootPem, chainPem, ...metadata } = state;
    writeWhole(path('key.pem'), keyPem);
    writeWhole(path('root.pem'), rootPem);
    if (chainPem === null) destroy(path('chain.pem'));
    else writeWhole(path('chain.pem'), chainPem);
    writeWhole(path('enrollment.json'), JSON.stringify(metadataSchema.parse(metadata), null, 2));
    syncFolder(folder);
    syncFolder(dirname(folder));
  };

  const forget = () => {
    if (!existsSync(folder)) return;
    for (const name of ['key.pem', 'enrollment.json', 'chain.pem', 'root.pem']) destroy(path(name));
    syncFolder(folder);
  };

  return credentialsOver({ stored: load(), save, forget });
}

const REMEDY =
  'Restore it from a backup. Or remove its folder and enroll this machine again with a new activation link.';

function parseMetadata(text: string, path: string): z.output<typeof metadataSchema> {
  try {
    return metadataSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new CordonError('unavailable', `${path} is damaged. ${REMEDY}`, {}, error);
  }
}

function requireKey(pem: string, path: string): void {
  try {
    createPrivateKey(pem);
  } catch (error) {
    throw new CordonError('unavailable', `${path} is damaged. ${REMEDY}`, {}, error);
  }
}

function writeWhole(path: string, text: string): void {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  const temporary = `${path}.tmp`;
  writeSynced(temporary, text, 'w');
  renameSync(temporary, path);
}

function destroy(path: string): void {
  if (!existsSync(path)) return;
  const file = openSync(path, 'r+');
  try {
    writeSync(file, randomBytes(statSync(path).size), 0, statSync(path).size, 0);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  unlinkSync(path);
}
