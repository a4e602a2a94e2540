/**
 * Hashes of the migrations. A released migration never changes, because a store that has applied it would not get the change.
 * `frozen-migrations.txt` names the migrations that no release contains yet; those may still change, with their hashes.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { migrations } from '../../server/store/migrate.ts';

const FOLDER = join(import.meta.dirname, '../../server/store/migrations');
/** The file has the format of sha256sum: one line per migration, with comments. */
const FROZEN = join(import.meta.dirname, 'frozen-migrations.txt');

const files = readdirSync(FOLDER).sort();
/** Other files are parts of a migration. */
const migrationFiles = files.filter((file) => /^\d{4}-/.test(file));
const frozen = new Map(
  readFileSync(FROZEN, 'utf8')
    .split('\n')
    .filter((line) => line && !line.startsWith('#'))
    .map((line): [string, string] => [line.slice(66), line.slice(0, 64)]),
);

it.each(files)('%s is as it was committed', (file) => {
  const hash = createHash('sha256')
    .update(readFileSync(join(FOLDER, file)))
    .digest('hex');
  expect(
    frozen.has(file),
    `${file} is new. Add this line to tests/arch/frozen-migrations.txt when it is final:\n${hash}  ${file}\n`,
  ).toBe(true);
  expect(
    hash,
    `${file} was changed. If a release contains it, undo the change and write a new migration: stores that have applied it would not get the change. Otherwise put this hash into tests/arch/frozen-migrations.txt.`,
  ).toBe(frozen.get(file));
});

it('no migration was removed', () => {
  expect([...frozen.keys()].filter((file) => !files.includes(file))).toEqual([]);
});

it('every migration runs, in the order of its number', () => {
  const names = Object.keys(migrations('sqlite'));
  expect(names).toEqual(migrationFiles.map((file) => file.replace(/\.ts$/, '')));
  expect(Object.keys(migrations('postgres'))).toEqual(names);
});
