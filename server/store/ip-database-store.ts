/** Store of imported IP databases and their activations. The files are outside the database. */
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { IpDatabase, IpDatabaseUse, IpDatabaseStore as Port } from '../jurisdiction/ports.ts';
import { appendEntry } from './append-entries.ts';
import type { Database } from './database.ts';

export class IpDatabaseStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async ipDatabases(): Promise<IpDatabase[]> {
    const rows = await this.#database.db
      .selectFrom('ip_databases')
      .selectAll()
      .orderBy('imported_at', 'desc')
      .orderBy('hash')
      .execute();
    return rows.map(({ hash, name, imported_at, imported_by, built_at, bytes, active }) => ({
      hash,
      name,
      importedAt: imported_at,
      importedBy: imported_by,
      builtAt: built_at,
      size: bytes,
      active: active === 1,
    }));
  }

  async addIpDatabase({
    hash,
    name,
    importedAt,
    importedBy,
    builtAt,
    size,
  }: Omit<IpDatabase, 'active'>): Promise<void> {
    await this.#database.db
      .insertInto('ip_databases')
      .values({
        hash,
        name,
        imported_at: importedAt,
        imported_by: importedBy,
        built_at: builtAt,
        bytes: size,
        active: 0,
      })
      .onConflict((conflict) => conflict.column('hash').doNothing())
      .execute();
  }

  async ipDatabaseUses(): Promise<IpDatabaseUse[]> {
    const rows = await this.#database.db
      .selectFrom('ip_database_activations')
      .selectAll()
      .orderBy('id', 'desc')
      .execute();
    return rows.map(({ id, hash, at, account_id: by }) => ({ id, hash, at, by }));
  }

  activateIpDatabase(
    hash: string,
    by: string | null,
    entry: EntryDraft<'ip-database.activated'>,
  ): Promise<IpDatabaseUse | null> {
    return this.#database
      .transaction(async (tx) => {
        await tx
          .updateTable('ip_databases')
          .set({ active: 0 })
          .where('active', '=', 1)
          .where('hash', '<>', hash)
          .execute();
        const { numUpdatedRows } = await tx
          .updateTable('ip_databases')
          .set({ active: 1 })
          .where('hash', '=', hash)
          .executeTakeFirstOrThrow();
        if (numUpdatedRows === 0n) {
          // The exception rolls back the transaction, so that the previous IP database stays active.
          throw new NoSuchDatabase();
        }
        const { id } = await tx
          .insertInto('ip_database_activations')
          .values({ hash, at: entry.at, account_id: by })
          .returning('id')
          .executeTakeFirstOrThrow();
        await appendEntry(tx, entry);
        return { id, hash, at: entry.at, by };
      })
      .catch((error: unknown) => {
        if (error instanceof NoSuchDatabase) return null;
        throw error;
      });
  }
}

class NoSuchDatabase extends Error {}
