/**
 * Backups of a running server, on request or on a schedule. A backup is one encrypted file with the store, the keys and the IP database in
 * use. The file gets its final name only when it is complete and synced to disk. `restore.ts` restores a backup.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Cron } from 'croner';
import type { AgeRecipient } from '../../shared/age/seal-to.ts';
import { sealStream } from '../../shared/age/stream.ts';
import { syncFolder } from '../../shared/durable-file.ts';
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { createSerialQueue } from '../../shared/loops/serial-queue.ts';
import { type BackupContent, writeBackup } from './create-backup.ts';

export interface BackupMade {
  /** Domain time of the snapshot. */
  readonly at: number;
  readonly bytes: number;
  /** SHA-256 of the encrypted file, hex. */
  readonly sha256: string;
}

export interface BackupRecords {
  /** Records the newest backup and its ledger entry in one transaction. */
  recordBackup(made: BackupMade, entry: EntryDraft<'backup.created'>): Promise<void>;
  newestBackup(): Promise<BackupMade | null>;
}

export interface BackupSettings {
  /** Age recipient of backups without another recipient, and of all scheduled backups. */
  readonly recipient: AgeRecipient | null;
  /** Schedule of backups; null without a schedule. */
  readonly scheduled: { readonly pattern: string; readonly folder: string; readonly keep: number } | null;
  /** Folder for downloads, emptied at each start. */
  readonly temporary: string;
}

export interface BackupPorts {
  readonly settings: BackupSettings;
  readonly content: BackupContent;
  readonly records: BackupRecords;
  readonly raise: (alert: { readonly device: null; readonly code: string; readonly detail: string }) => Promise<void>;
  readonly log: {
    info(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
}

export interface BackupStatus {
  readonly newest: BackupMade | null;
  /** Time of the next scheduled backup in Unix milliseconds of real time; null without a schedule. */
  readonly next: number | null;
  /** Reason why the last backup failed; null if it succeeded. */
  readonly failure: string | null;
}

export interface BackupFile extends BackupMade {
  readonly path: string;
  /** File name of the download, with installation and time. */
  readonly name: string;
  remove(): Promise<void>;
}

export interface Backups {
  /** Removes incomplete backup files of an earlier process, and starts the schedule. */
  start(): Promise<void>;
  /** Ends the schedule and waits for a backup in progress. */
  stop(): Promise<void>;
  /** Creates a temporary backup file for a download. `by`: the requesting account. Throws `conflict` without a recipient. */
  make(by: string, recipient: AgeRecipient | null): Promise<BackupFile>;
  /** Creates one scheduled backup. Never throws: a failed backup raises an alert. */
  runScheduled(): Promise<void>;
  status(): BackupStatus;
  readonly recipient: AgeRecipient | null;
}

const PARTIAL = /^\.cordon-backup-[0-9a-f-]{36}\.partial$/;
const FINISHED = /^cordon-[A-Za-z0-9_]+-\d{8}T\d{9}Z\.age$/;
/** Bytes of free space that a backup must leave for the store. */
const LEAVE_FREE = 64 * 1024 * 1024;

export const backupName = (installation: string, at: number): string =>
  `cordon-${installation}-${new Date(at).toISOString().replace(/[-:.]/g, '')}.age`;

export function createBackups({ settings, content, records, raise, log }: BackupPorts): Backups {
  const { scheduled, temporary } = settings;
  let newest: BackupMade | null = null;
  let failure: string | null = null;
  let cron: Cron | null = null;

  /** Backups run one at a time, because two would compete for the disk. */
  const queue = createSerialQueue();

  async function write(folder: string, to: AgeRecipient, by: string | null): Promise<BackupFile> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < LEAVE_FREE) {
      throw new CordonError('unavailable', `The disk of ${folder} is nearly full. Free some space and try again.`);
    }
    const partial = join(folder, `.cordon-backup-${randomUUID()}.partial`);
    let path = partial;
    try {
      const { manifest, bytes, sha256 } = await encryptedTo(partial, to);
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

  async function encryptedTo(path: string, recipient: AgeRecipient) {
    const plain = new PassThrough({ highWaterMark: 1024 * 1024 });
    const sealed = await sealStream(plain, { recipient });
    const hash = createHash('sha256');
    let bytes = 0;
    const file = await open(path, 'wx', 0o600);
    try {
      const drained = (async () => {
        for await (const chunk of sealed) {
          hash.update(chunk);
          bytes += chunk.length;
          await file.writeFile(chunk);
        }
      })();
      // A write error stops the reading stream, and a read error stops the writing stream.
      drained.catch((error: Error) => plain.destroy(error));
      const written = writeBackup(content, (piece) => push(plain, piece)).then((manifest) => {
        plain.end();
        return manifest;
      });
      written.catch((error: Error) => plain.destroy(error));
      const [manifest] = await Promise.all([written, drained]);
      await file.sync();
      return { manifest, bytes, sha256: hash.digest('hex') };
    } finally {
      await file.close();
    }
  }

  async function removeOld(folder: string, keep: number, installation: string): Promise<void> {
    const names = (await readdir(folder)).filter((name) => FINISHED.test(name) && name.includes(`-${installation}-`));
    for (const name of names.sort().slice(0, -keep)) await rm(join(folder, name), { force: true });
  }

  async function runScheduled(): Promise<void> {
    if (!scheduled || settings.recipient === null) return;
    const { recipient } = settings;
    try {
      const { name, bytes } = await queue(() => write(scheduled.folder, recipient, null));
      failure = null;
      log.info({ name, bytes }, 'a scheduled backup was made');
      await removeOld(scheduled.folder, scheduled.keep, name.split('-')[1] ?? '');
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
      log.error({ err: error }, 'a scheduled backup failed');
      const detail = `The scheduled backup into ${scheduled.folder} failed: ${failure} The server tries again at the next scheduled time.`;
      await raise({ device: null, code: 'backup_failed', detail }).catch((cause: unknown) =>
        log.error({ err: cause }, 'the alert about a failed backup was not stored'),
      );
    }
  }

  return {
    async start() {
      await rm(temporary, { recursive: true, force: true });
      newest = await records.newestBackup();
      if (!scheduled) return;
      for (const name of await readdir(scheduled.folder).catch(() => [])) {
        if (PARTIAL.test(name)) await rm(join(scheduled.folder, name), { force: true });
      }
      cron = new Cron(scheduled.pattern, { protect: true, unref: true, timezone: 'UTC' }, runScheduled);
    },
    async stop() {
      cron?.stop();
      await queue(async () => undefined);
    },
    async make(by, recipient) {
      const to = recipient ?? settings.recipient;
      if (to === null) {
        throw new CordonError(
          'conflict',
          'No recipient is configured for backups. Name an age recipient, or set CORDON_BACKUP_RECIPIENT on the server.',
        );
      }
      return await queue(() => write(temporary, to, by));
    },
    runScheduled,
    status: () => ({ newest, next: cron?.nextRun()?.getTime() ?? null, failure }),
    recipient: settings.recipient,
  };
}

function push(stream: PassThrough, piece: Buffer): Promise<void> {
  if (stream.write(piece)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const settle = (then: () => void) => () => {
      stream.off('drain', drained);
      stream.off('close', closed);
      then();
    };
    const drained = settle(resolve);
    const closed = settle(() => reject(stream.errored ?? new Error('the backup was interrupted')));
    stream.once('drain', drained);
    stream.once('close', closed);
  });
}
