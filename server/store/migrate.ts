/** Brings a database to this version. Refuses a database that another version made and this version cannot use. */
import { type Kysely, type Migration, Migrator, sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { DialectName } from './database.ts';
import { spine } from './migrations/0001-spine.ts';
import { messagingKeys } from './migrations/0002-messaging-keys.ts';
import { mailboxes } from './migrations/0003-mailboxes.ts';
import { legalHolds } from './migrations/0004-legal-holds.ts';
import { restoration } from './migrations/0013-restoration.ts';
import { timeCorrections } from './migrations/0014-time-corrections.ts';
import { people } from './migrations/0015-people.ts';
import { accountsAndSessions } from './migrations/0017-accounts-and-sessions.ts';
import { actions } from './migrations/0018-actions.ts';
import { conversations } from './migrations/0026-conversations.ts';
import { unlockShares } from './migrations/0040-unlock-shares.ts';
import { repeatedAlarms } from './migrations/0047-repeated-alarms.ts';
import type { Schema } from './schema.ts';
import { requireShape } from './schema-shape.ts';

/** In order. A released migration never changes, neither its name nor its file (CONTRIBUTING, "Migrations"). */
export function migrations(dialect: DialectName): Record<string, Migration> {
  return {
    '0001-spine': spine(dialect),
    '0002-messaging-keys': messagingKeys(dialect),
    '0003-mailboxes': mailboxes(dialect),
    '0004-legal-holds': legalHolds(dialect),
    '0013-restoration': restoration(dialect),
    '0014-time-corrections': timeCorrections(dialect),
    '0015-people': people(dialect),
    '0017-accounts-and-sessions': accountsAndSessions(dialect),
    '0018-actions': actions(dialect),
    '0026-conversations': conversations(dialect),
    '0040-unlock-shares': unlockShares(dialect),
    '0047-repeated-alarms': repeatedAlarms(dialect),
  };
}

export interface MigrationState {
  /** In order. Empty for a database without tables. */
  readonly applied: readonly string[];
  readonly pending: readonly string[];
}

/** Only reads. Throws `store_incompatible` if this version cannot use the database. */
export async function readMigrationState(db: Kysely<Schema>, dialect: DialectName): Promise<MigrationState> {
  const known = Object.keys(migrations(dialect));
  const done = await applied(db);
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
  await requireShape(db, dialect, done, migrations('sqlite'));
  return { applied: done, pending: known.slice(done.length) };
}

export async function migrate(db: Kysely<Schema>, dialect: DialectName): Promise<void> {
  const { error } = await migrator(db, dialect).migrateToLatest();
  if (error) throw error;
}

/**
 * Brings an empty database to the tables of an older version, for the rows of its backup. `names`: the migrations that the backup had.
 * Throws `store_incompatible` when this version does not know them.
 */
export async function migrateAsOf(db: Kysely<Schema>, dialect: DialectName, names: readonly string[]): Promise<void> {
  const known = Object.keys(migrations(dialect));
  const last = names.at(-1);
  if (last === undefined || names.some((name, at) => name !== known[at])) {
    const detail = `Another version of Cordon made the backup (migrations ${names.join(', ')}). Nothing was restored. Restore it with that version or a newer one.`;
    throw new CordonError('store_incompatible', detail, { migrations: [...names] });
  }
  const { error } = await migrator(db, dialect).migrateTo(last);
  if (error) throw error;
}

const migrator = (db: Kysely<Schema>, dialect: DialectName): Migrator =>
  new Migrator({ db, provider: { getMigrations: async () => migrations(dialect) } });

async function applied(db: Kysely<Schema>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === 'kysely_migration')) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map(({ name }) => name);
}
