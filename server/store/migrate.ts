/** Brings a database to this version, and leaves one that a newer version has touched alone. */
import { type Kysely, type Migration, Migrator, sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { DialectName } from './database.ts';
import { spine } from './migrations/0001-spine.ts';
import { messagingKeys } from './migrations/0002-messaging-keys.ts';
import { mailboxes } from './migrations/0003-mailboxes.ts';
import { legalHolds } from './migrations/0004-legal-holds.ts';
import type { Schema } from './schema.ts';

/** In order; a name never changes once it has been released. */
function migrations(dialect: DialectName): Record<string, Migration> {
  return {
    '0001-spine': spine(dialect),
    '0002-messaging-keys': messagingKeys(dialect),
    '0003-mailboxes': mailboxes(dialect),
    '0004-legal-holds': legalHolds(dialect),
  };
}

export async function migrate(db: Kysely<Schema>, dialect: DialectName): Promise<void> {
  const known = migrations(dialect);
  const newer = (await applied(db)).filter((name) => !(name in known));
  if (newer.length > 0) {
    throw new CordonError(
      'store_unavailable',
      `This database was made by a newer version of Cordon (it has ${newer.join(', ')}); start that version, or restore an older backup.`,
      { migrations: newer },
    );
  }
  const migrator = new Migrator({ db, provider: { getMigrations: async () => known } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}

async function applied(db: Kysely<Schema>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === 'kysely_migration')) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map(({ name }) => name);
}
