/**
 * Backups of the keys of people: a file of its own, encrypted for the same recipient as backups of the database, with a short life. Without
 * such a file, the records that the keys encrypt stay unreadable in every backup of the database (ADR 55).
 */
import { createHash, randomUUID } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { AgeRecipient } from '../../shared/age/seal-to.ts';
import { sealStream } from '../../shared/age/stream.ts';
import { syncFolder } from '../../shared/durable-file.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { prepareBackupFolder } from './backup-folder.ts';

const DAY = 86_400_000;
const FINISHED = /^cordon-keys-[A-Za-z0-9_]+-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z\.age$/;

export interface KeyBackupPorts {
  /** Plain text of a backup of the keys, as it is now. */
  readonly content: () => Iterable<Buffer>;
  readonly installation: string;
  readonly record: (entry: EntryDraft<'backup.created'>) => Promise<void>;
  readonly now: () => number;
}

export interface KeyBackupFile {
  readonly path: string;
  readonly name: string;
  remove(): Promise<void>;
}

/** Writes an encrypted backup of the keys into the folder. `by`: the requesting account; null for a scheduled backup. */
export async function writeKeyBackup(
  { content, installation, record, now }: KeyBackupPorts,
  folder: string,
  recipient: AgeRecipient,
  by: string | null,
): Promise<KeyBackupFile> {
  await prepareBackupFolder(folder);
  const partial = join(folder, `.cordon-backup-${randomUUID()}.partial`);
  const name = `cordon-keys-${installation}-${new Date().toISOString().replace(/[-:.]/g, '')}.age`;
  const path = join(folder, name);
  try {
    const { sha256, bytes } = await writeSealed(partial, Readable.from(content()), recipient);
    await rename(partial, path);
    syncFolder(folder);
    const scheduled = by === null ? 1 : 0;
    await record({
      kind: 'backup.created',
      at: now(),
      subject: by,
      public: { sha256, bytes, personKeys: 1, scheduled },
    });
    return { path, name, remove: () => rm(path, { force: true }) };
  } catch (error) {
    await rm(partial, { force: true });
    await rm(path, { force: true });
    throw error;
  }
}

async function writeSealed(path: string, plain: Readable, recipient: AgeRecipient) {
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of await sealStream(plain, { recipient })) {
      hash.update(chunk);
      bytes += chunk.length;
      await file.writeFile(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { sha256: hash.digest('hex'), bytes };
}

/** Removes backups of keys that are older than `days`. */
export async function removeOldKeyBackups(folder: string, days: number, now: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const made = madeAt(name);
    if (made !== null && now - made > days * DAY) await rm(join(folder, name), { force: true });
  }
}

/** Time in the name of a backup of keys; null for another file. The function is pure. */
export function madeAt(name: string): number | null {
  const [, year, month, day, hour, minute, second, milli] = FINISHED.exec(name) ?? [];
  if (year === undefined) return null;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${milli}Z`);
}
