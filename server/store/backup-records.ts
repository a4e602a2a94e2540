/** Which backup is the newest. The row commits with the ledger entry of that backup. */
import { z } from 'zod';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import type { BackupMade, BackupRecords as Port } from '../recovery/recovery.ts';
import type { Database } from './database.ts';
import { appendLeaf } from './leaves.ts';
import { getMeta, setMeta } from './meta-store.ts';

const KEY = 'backup.newest';
const madeSchema = z.strictObject({ at: z.int(), bytes: z.int(), sha256: z.string() });

export class BackupRecords implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async recordBackup({ at, bytes, sha256 }: BackupMade, leaf: LeafDraft<'backup.created'>): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await setMeta(tx, KEY, JSON.stringify({ at, bytes, sha256 }));
      await appendLeaf(tx, leaf);
    });
  }

  async newestBackup(): Promise<BackupMade | null> {
    const text = await getMeta(this.#database.db, KEY);
    return text === null ? null : madeSchema.parse(JSON.parse(text));
  }
}
