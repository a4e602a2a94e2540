/** New and empty SQLite stores for tests. Each is a copy of one migrated file, because the migrations take longer than most tests. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase } from '../../server/store/database.ts';

let migrated: Promise<Buffer> | null = null;

async function migrate(): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-migrated-'));
  const file = join(folder, 'cordon.db');
  try {
    await (await openDatabase({ file })).close();
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Opens a new store. `file` must not exist. The caller closes the store and removes the file. */
export async function openNewStore(file: string): Promise<Database> {
  migrated ??= migrate();
  writeFileSync(file, await migrated, { mode: 0o600, flag: 'wx' });
  return openDatabase({ file });
}
