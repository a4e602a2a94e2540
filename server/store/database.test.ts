import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDatabase } from './database.ts';

it('makes a file that only its owner can read, log included', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'cordon-')), 'sub', 'cordon.db');
  const database = await openDatabase({ file });
  await database.db.insertInto('meta').values({ key: 'a', value: 'b' }).execute();
  for (const path of [file, `${file}-wal`, `${file}-shm`]) expect(statSync(path).mode & 0o777).toBe(0o600);
  await database.close();
});
