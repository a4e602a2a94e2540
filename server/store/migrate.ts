/** Migrates a database to this version of Cordon, or refuses a database that this version cannot use. */
import { type Kysely, type Migration, Migrator, sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { DialectName } from './dialect.ts';
import { tables } from './migrations/0001-tables.ts';
import { displayNames } from './migrations/0002-display-names.ts';
import { lostModes } from './migrations/0003-lost-modes.ts';
import { files } from './migrations/0004-files.ts';
import { passcodes } from './migrations/0005-passcodes.ts';
import { uploads } from './migrations/0006-uploads.ts';
import { updateChannels } from './migrations/0007-update-channels.ts';
import { listFields } from './migrations/0008-list-fields.ts';
import { packagePeople } from './migrations/0009-package-people.ts';
import type { Schema } from './schema.ts';
import { requireShape } from './schema-shape.ts';

const UNRELEASED = '0001-spine';

/** Migrations in order. A released migration never changes, neither its name nor its file (CONTRIBUTING, "Migrations"). */
export const migrations: Migrations = (dialect) => ({
  '0001-tables': tables(dialect),
  '0002-display-names': displayNames(dialect),
  '0003-lost-modes': lostModes(dialect),
  '0004-files': files(dialect),
  '0005-passcodes': passcodes(dialect),
  '0006-uploads': uploads(dialect),
  '0007-update-channels': updateChannels(dialect),
  '0008-list-fields': listFields(dialect),
  '0009-package-people': packagePeople(dialect),
});

export type Migrations = (dialect: DialectName) => Record<string, Migration>;

export interface MigrationState {
  /** Names of the applied migrations in order; empty for a database without tables. */
  readonly applied: readonly string[];
  readonly pending: readonly string[];
}

/** Checks a database without writing. Throws `store_incompatible` if this version cannot use the database. */
export async function readMigrationState(
  db: Kysely<Schema>,
  dialect: DialectName,
  all: Migrations = migrations,
): Promise<MigrationState> {
  const known = Object.keys(all(dialect));
  const done = await applied(db);
  if (done.includes(UNRELEASED)) {
    throw new CordonError(
      'store_incompatible',
      'Version 0.1.0 of Cordon made this database. Version 0.1.0 was never released, and this version cannot upgrade its tables. Nothing was changed. To keep the data, start version 0.1.0 again. To start anew, use an empty database and an empty CORDON_HOME, and enroll all devices again.',
      { migrations: done },
    );
  }
  const newer = done.filter((name) => !known.includes(name));
  if (newer.length > 0) {
    throw new CordonError(
      'store_incompatible',
      `A newer version of Cordon made this database (migrations ${newer.join(', ')}). Nothing was changed. Start that version, or restore an older backup.`,
      { migrations: newer },
    );
  }
  const skipped = known.slice(0, done.length).filter((name) => !done.includes(name));
  if (skipped.length > 0) {
    throw new CordonError(
      'store_incompatible',
      `The database lacks the migrations ${skipped.join(', ')}, but has later ones. An unreleased version of Cordon made it. Nothing was changed. Restore a backup of a released version.`,
      { migrations: skipped },
    );
  }
  await requireShape(db, dialect, done, all('sqlite'));
  return { applied: done, pending: known.slice(done.length) };
}

export async function migrate(db: Kysely<Schema>, dialect: DialectName, all: Migrations = migrations): Promise<void> {
  const { error } = await migrator(db, dialect, all).migrateToLatest();
  if (error) throw error;
}

/**
 * Creates the tables of an older version of Cordon in an empty database, for the rows of a backup from that version. `names`: migrations in
 * the backup. Throws `store_incompatible` if this version does not know one of them.
 */
export async function migrateAsOf(db: Kysely<Schema>, dialect: DialectName, names: readonly string[]): Promise<void> {
  const known = Object.keys(migrations(dialect));
  const last = names.at(-1);
  if (last === undefined || names.some((name, at) => name !== known[at])) {
    const detail = `Another version of Cordon made the backup (migrations ${names.join(', ')}). Nothing was restored. Restore it with that version or a newer one.`;
    throw new CordonError('store_incompatible', detail, { migrations: [...names] });
  }
  const { error } = await migrator(db, dialect, migrations).migrateTo(last);
  if (error) throw error;
}

const migrator = (db: Kysely<Schema>, dialect: DialectName, all: Migrations): Migrator =>
  new Migrator({ db, provider: { getMigrations: async () => all(dialect) } });

async function applied(db: Kysely<Schema>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === 'kysely_migration')) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map(({ name }) => name);
}
