import { linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { newPersonId } from '../shared/protocol/ids.ts';
import { openNewStore } from '../tests/support/new-store.ts';
import { putKeyFile } from './restore-person-keys.ts';
import { checkPersonKeys } from './startup/person-keys.ts';
import { installationId } from './store/meta-store.ts';
import { PersonKeyFile } from './store/person-key-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cordon-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const keyOf = (wrapped: string) => ({ person: newPersonId(), use: 'connections' as const, period: 1, wrapped });

it('overwrites and deletes the key file that a restore replaces', () => {
  const path = join(folder, 'person-keys.db');
  const former = new PersonKeyFile(path);
  former.bind('ins_test', 'k1');
  former.add([keyOf('wrapped-key-of-the-former-file')]);
  former.close();
  // A second name of the former file shows its bytes after the file was deleted.
  const witness = join(folder, 'witness');
  linkSync(path, witness);
  expect(readFileSync(witness).includes('wrapped-key-of-the-former-file')).toBe(true);
  const backup = { installation: 'ins_test', id: 'k1', at: Date.now(), keys: [keyOf('wrapped-key-of-the-backup')] };
  expect(putKeyFile(path, backup)).toMatchObject({ keys: 1, replaced: true });
  expect(readdirSync(folder).sort()).toEqual(['person-keys.db', 'witness']);
  expect(readFileSync(witness).every((byte) => byte === 0)).toBe(true);
  expect(readFileSync(path).includes('wrapped-key-of-the-backup')).toBe(true);
});

it('destroys at the start of the server the file that an interrupted restore has left', async () => {
  const path = join(folder, 'person-keys.db');
  const database = await openNewStore(join(folder, 'cordon.db'));
  try {
    const installation = await installationId(database);
    (await (await checkPersonKeys(path, null, false)).open(database.db, installation)).close();
    const left = `${path}.before-20260101T000000000Z`;
    writeFileSync(left, 'keys');
    writeFileSync(`${left}-wal`, 'keys');
    (await (await checkPersonKeys(path, database.db, false)).open(database.db, installation)).close();
    expect(readdirSync(folder).filter((name) => name.includes('before'))).toEqual([]);
  } finally {
    await database.close();
  }
});
