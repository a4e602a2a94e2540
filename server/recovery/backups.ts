/**
 * Backups of a running server, on request or on a schedule. A backup is one encrypted file with the store, the keys and the IP database in
 * use. It gets its final name only when it is complete and synced to disk.
 */
import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Cron } from 'croner';
import type { AgeRecipient } from '../../shared/age/seal-to.ts';
import { syncFolder } from '../../shared/durable-file.ts';
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { createSerialQueue } from '../../shared/loops/serial-queue.ts';
import { backupName, prepareBackupFolder, removeIncompleteBackups, removeOldBackups } from './backup-folder.ts';
import type { BackupContent } from './create-backup.ts';
import { writeEncryptedBackup } from './encrypted-backup.ts';
import { type KeyBackupFile, type KeyBackupPorts, removeOldKeyBackups, writeKeyBackup } from './key-backups.ts';

export interface BackupMade {
  /** Time of the snapshot, by the server clock. */
  readonly at: number;
  readonly bytes: number;
  /** SHA-256 of the encrypted file, hex. */
  readonly sha256: string;
}

export interface BackupRecords {
  recordBackup(made: BackupMade, entry: EntryDraft<'backup.created'>): Promise<void>;
  newestBackup(): Promise<BackupMade | null>;
}

export interface BackupSettings {
  /** Age recipient of all scheduled backups, and of requested backups that name no recipient. */
  readonly recipient: AgeRecipient | null;
  readonly scheduled: {
    readonly pattern: string;
    readonly folder: string;
    readonly keep: number;
    /** Folder for scheduled backups of the keys of people, and the days for which they are kept. */
    readonly keyFolder: string;
    readonly keyDays: number;
  } | null;
  /** Folder for downloads, emptied at each start. */
  readonly temporary: string;
}

export interface BackupPorts {
  readonly settings: BackupSettings;
  readonly content: BackupContent;
  readonly records: BackupRecords;
  readonly keys: KeyBackupPorts;
  readonly raise: (alert: { readonly device: null; readonly code: string; readonly detail: string }) => Promise<void>;
  readonly log: {
    info(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
}

export interface BackupStatus {
  readonly newest: BackupMade | null;
  /** Time of the next scheduled backup in Unix milliseconds, by the machine's clock; null if no backups are scheduled. */
  readonly next: number | null;
  readonly failure: string | null;
}

export interface BackupFile extends BackupMade {
  readonly path: string;
  readonly name: string;
  remove(): Promise<void>;
}

export interface Backups {
  start(): Promise<void>;
  /** Ends the schedule, and waits until a backup in progress is complete. */
  stop(): Promise<void>;
  /**
   * Creates a temporary, encrypted backup file for a download. `by`: the requesting account. `recipient`: the age key that can decrypt the
   * file; null for the configured recipient. Throws `conflict` if no recipient is given or configured.
   */
  make(by: string, recipient: AgeRecipient | null): Promise<BackupFile>;
  /** Creates a temporary, encrypted backup of the keys of people, under the same rules. */
  makeKeys(by: string, recipient: AgeRecipient | null): Promise<KeyBackupFile>;
  /** Creates one scheduled backup. Never throws: a failed backup raises an alert. */
  runScheduled(): Promise<void>;
  status(): BackupStatus;
  readonly recipient: AgeRecipient | null;
}

export function createBackups({ settings, content, records, keys, raise, log }: BackupPorts): Backups {
  const { scheduled, temporary } = settings;
  let newest: BackupMade | null = null;
  let failure: string | null = null;
  let cron: Cron | null = null;

  /** Only one backup runs at a time, because two backups would slow each other down on the disk. */
  const queue = createSerialQueue();

  async function write(folder: string, to: AgeRecipient, by: string | null): Promise<BackupFile> {
    await prepareBackupFolder(folder);
    const partial = join(folder, `.cordon-backup-${randomUUID()}.partial`);
    let path = partial;
    try {
      const { manifest, bytes, sha256 } = await writeEncryptedBackup(partial, to, content);
      const name = backupName(manifest.installation, manifest.realAt);
      path = join(folder, name);
      await rename(partial, path);
      syncFolder(folder);
      const made = { at: manifest.at, bytes, sha256 };
      await records.recordBackup(made, {
        kind: 'backup.created',
        at: manifest.at,
        subject: by,
        public: { sha256, bytes, ledger: manifest.ledger.size, scheduled: by === null ? 1 : 0 },
      });
      newest = made;
      return { ...made, path, name, remove: () => rm(path, { force: true }) };
    } catch (error) {
      await rm(partial, { force: true });
      await rm(path, { force: true });
      throw error;
    }
  }

  async function runScheduled(): Promise<void> {
    if (!scheduled || settings.recipient === null) return;
    const { recipient } = settings;
    try {
      const { name, bytes } = await queue(() => write(scheduled.folder, recipient, null));
      failure = null;
      log.info({ name, bytes }, 'a scheduled backup was made');
      await removeOldBackups(scheduled.folder, scheduled.keep, name.split('-')[1] ?? '');
      await queue(() => writeKeyBackup(keys, scheduled.keyFolder, recipient, null));
      await removeOldKeyBackups(scheduled.keyFolder, scheduled.keyDays, Date.now());
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
      log.error({ err: error }, 'a scheduled backup failed');
      const detail = `The scheduled backup into ${scheduled.folder} failed: ${failure} The server tries again at the next scheduled time.`;
      await raise({ device: null, code: 'backup_failed', detail }).catch((cause: unknown) =>
        log.error({ err: cause }, 'the alert about a failed backup was not stored'),
      );
    }
  }

  function recipientOr(given: AgeRecipient | null): AgeRecipient {
    const recipient = given ?? settings.recipient;
    if (recipient !== null) return recipient;
    throw new CordonError(
      'conflict',
      'No recipient is configured for backups. Name an age recipient, or set CORDON_BACKUP_RECIPIENT on the server.',
    );
  }

  return {
    async start() {
      await rm(temporary, { recursive: true, force: true });
      newest = await records.newestBackup();
      if (!scheduled) return;
      await removeIncompleteBackups(scheduled.folder);
      await removeIncompleteBackups(scheduled.keyFolder);
      cron = new Cron(scheduled.pattern, { protect: true, unref: true, timezone: 'UTC' }, runScheduled);
    },
    async stop() {
      cron?.stop();
      await queue(async () => undefined);
    },
    make: (by, recipient) => queue(async () => write(temporary, recipientOr(recipient), by)),
    makeKeys: (by, recipient) => queue(async () => writeKeyBackup(keys, temporary, recipientOr(recipient), by)),
    runScheduled,
    status: () => ({ newest, next: cron?.nextRun()?.getTime() ?? null, failure }),
    recipient: settings.recipient,
  };
}
