import { z } from 'zod';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { BackupMade, BackupRecords as Port } from '../recovery/backups.ts';
import { appendEntry } from './append-entries.ts';
import type { Database } from './database.ts';
import { getMeta, setMeta } from './meta-store.ts';

const KEY = 'backup.newest';
const madeSchema = z.strictObject({ at: z.int(), bytes: z.int(), sha256: z.string() });

export class BackupRecords implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async recordBackup({ at, bytes, sha256 }: BackupMade, entry: EntryDraft<'backup.created'>): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await setMeta(tx, KEY, JSON.stringify({ at, bytes, sha256 }));
      await appendEntry(tx, entry);
    });
  }

  /** Records a backup of the keys of people. Such a backup does not count as a backup of the database. */
  async recordKeyBackup(entry: EntryDraft<'backup.created'>): Promise<void> {
    await this.#database.transaction(async (tx) => void (await appendEntry(tx, entry)));
  }

  async newestBackup(): Promise<BackupMade | null> {
    const text = await getMeta(this.#database.db, KEY);
    return text === null ? null : madeSchema.parse(JSON.parse(text));
  }
}
