/** A consistent copy of a SQLite store while it is in use. */
import { chmodSync } from 'node:fs';
import BetterSqlite3 from 'better-sqlite3';
import { CordonError } from '../../shared/errors.ts';
import type { Database } from './database.ts';
import { asStoreError } from './store-errors.ts';

/** Copies the store as it is now to `path` (a new file, 0600), a hundred pages a turn, while others go on writing. */
export async function backupTo(database: Database, path: string): Promise<void> {
  if (database.file === null) {
    throw new CordonError('conflict', 'This server keeps its data in PostgreSQL: back it up with pg_dump.');
  }
  try {
    const source = new BetterSqlite3(database.file, { readonly: true });
    try {
      // An open read transaction pins one snapshot: without it every commit would start the copy over.
      source.exec('begin');
      source.prepare('select count(*) from meta').get();
      await source.backup(path);
      chmodSync(path, 0o600);
    } finally {
      source.close();
    }
  } catch (error) {
    throw asStoreError(error);
  }
}
