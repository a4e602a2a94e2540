/**
 * Restores the key file of people from its backup: as a part of `cordon restore`, or alone (`cordon restore-person-keys`) if only the key
 * file is lost. All checks come before the first change. When the new file has its name, the replaced file is overwritten and deleted.
 * Otherwise, keys that the server destroys later would survive in the replaced file (ADR 55).
 */
import { createReadStream, existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { openCustody, resolvePassphrase } from '../certs/custody.ts';
import { type OpenedWith, openStream } from '../shared/age/stream.ts';
import { syncFolder } from '../shared/durable-file.ts';
import { CordonError } from '../shared/errors.ts';
import type { Config } from './config.ts';
import { type KeyBackup, readKeyBackup, requireUsable } from './person-keys/key-backup.ts';
import { type KeyWrapper, purposeOfKey } from './person-keys/person-keys.ts';
import { databaseAddressOf, keyFolderOf, personKeyFileOf } from './startup/preflight.ts';
import { connectDatabase } from './store/database.ts';
import { destroyReplacedFiles, REPLACED } from './store/destroy-key-file.ts';
import { getMeta } from './store/meta-store.ts';
import { PersonKeyFile } from './store/person-key-file.ts';
import { recordedKeyFile } from './store/person-key-records.ts';
import { lockStore } from './store/store-lock.ts';

/** Number of keys that one write adds to the file. */
const SLICE = 5_000;

export interface RestoredKeys {
  readonly keys: number;
  readonly at: number;
  /** True if the backup replaced an earlier file, which no longer exists. */
  readonly replaced: boolean;
}

/** Reads and checks a backup of the keys. Throws `backup_damaged`, also for keys that the server's passphrase cannot decrypt. */
export async function openKeyBackup(
  file: string,
  secret: OpenedWith,
  expected: { readonly installation: string; readonly days: number; readonly wrapper: KeyWrapper },
): Promise<KeyBackup> {
  const chunks: Buffer[] = [];
  for await (const chunk of await openStream(createReadStream(file), secret)) chunks.push(Buffer.from(chunk));
  const backup = readKeyBackup(Buffer.concat(chunks).toString('utf8'));
  requireUsable(backup, { ...expected, now: Date.now() });
  const [key] = backup.keys;
  if (!key) return backup;
  try {
    expected.wrapper.unseal(key.wrapped, purposeOfKey(key));
  } catch (error) {
    const detail =
      'The server’s passphrase cannot decrypt the keys in the backup. Use the passphrase that was in use when the backup was made.';
    throw new CordonError('backup_damaged', detail, {}, error);
  }
  return backup;
}

/** Replaces the key file. The new file gets its name only when it is complete. */
export function putKeyFile(path: string, { installation, id, keys, at }: KeyBackup): RestoredKeys {
  const half = `${path}.restoring`;
  for (const end of ['', '-wal', '-shm']) rmSync(`${half}${end}`, { force: true });
  const file = new PersonKeyFile(half);
  file.bind(installation, id);
  for (let from = 0; from < keys.length; from += SLICE) file.add(keys.slice(from, from + SLICE));
  // Closing the last connection moves the write-ahead log into the file.
  file.close();
  const replaced = existsSync(path);
  const former = `${path}${REPLACED}${new Date().toISOString().replace(/[-:.]/g, '')}`;
  for (const end of ['', '-wal', '-shm'])
    if (existsSync(`${path}${end}`)) renameSync(`${path}${end}`, `${former}${end}`);
  renameSync(half, path);
  syncFolder(dirname(path));
  destroyReplacedFiles(path);
  return { keys: keys.length, at, replaced };
}

/** Restores the key file for an existing store, while no server runs. */
export async function restorePersonKeys(config: Config, file: string, secret: OpenedWith): Promise<RestoredKeys> {
  const target = databaseAddressOf(config);
  if ('file' in target && !existsSync(target.file)) {
    throw new CordonError(
      'not_found',
      `There is no database ${target.file}. Restore the database first: cordon restore.`,
    );
  }
  const lock = await lockStore(target, { onLost: () => undefined, onTakenOver: () => undefined });
  try {
    const { database, empty } = await connectDatabase(target, lock.refusal);
    try {
      const installation = empty ? null : await getMeta(database.db, 'installation');
      if (installation === null)
        throw new CordonError('not_found', 'The database is empty. Restore it first: cordon restore.');
      const folder = keyFolderOf(config);
      const { passphrase } = resolvePassphrase({ given: config.passphrase, file: config.passphraseFile, folder });
      const wrapper = openCustody(folder, passphrase);
      const backup = await openKeyBackup(file, secret, { installation, days: config.personKeyBackupDays, wrapper });
      const recorded = await recordedKeyFile(database.db);
      if (recorded !== null && recorded !== backup.id) {
        throw new CordonError(
          'backup_damaged',
          'The backup belongs to another key file than the one recorded in the database. Use a backup of that file.',
        );
      }
      return putKeyFile(personKeyFileOf(config), backup);
    } finally {
      await database.close();
    }
  } finally {
    await lock.release();
  }
}
