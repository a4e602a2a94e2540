import { territoryPolicySchema } from '../../shared/areas/territory-policy.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { canonicalText } from '../../shared/order/canonical.ts';
import type { PolicyUse, TerritoryPolicyStore as Port, StoredPolicy } from '../jurisdiction/ports.ts';
import { appendEntry } from './append-entries.ts';
import type { Database } from './database.ts';

export class TerritoryPolicyStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async territoryPolicies(): Promise<StoredPolicy[]> {
    const rows = await this.#database.db
      .selectFrom('territory_policies')
      .selectAll()
      .orderBy('version', 'desc')
      .execute();
    return rows.map(({ body, hash, imported_at, imported_by }) => ({
      document: territoryPolicySchema.parse(JSON.parse(body)),
      hash,
      importedAt: imported_at,
      importedBy: imported_by,
    }));
  }

  addTerritoryPolicy({ document, hash, importedAt, importedBy }: StoredPolicy): Promise<boolean> {
    const { version } = document;
    return this.#database.transaction(async (tx) => {
      const above = await tx
        .selectFrom('territory_policies')
        .select('version')
        .where('version', '>=', version)
        .limit(1)
        .executeTakeFirst();
      if (above) return false;
      const { numInsertedOrUpdatedRows = 0n } = await tx
        .insertInto('territory_policies')
        .values({
          version,
          body: canonicalText(document),
          hash,
          imported_at: importedAt,
          imported_by: importedBy,
        })
        .onConflict((conflict) => conflict.column('version').doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows > 0n;
    });
  }

  async territoryPolicyUses(limit: number | null): Promise<PolicyUse[]> {
    const all = this.#database.db.selectFrom('territory_policy_activations').selectAll().orderBy('id', 'desc');
    const rows = await (limit === null ? all : all.limit(limit)).execute();
    return rows.map(({ version, at, account_id: by }) => ({ version, at, by }));
  }

  activateTerritoryPolicy(
    version: number,
    by: string | null,
    entry: EntryDraft<'territory-policy.activated'>,
  ): Promise<void> {
    return this.#database.transaction(async (tx) => {
      await tx.insertInto('territory_policy_activations').values({ version, at: entry.at, account_id: by }).execute();
      await appendEntry(tx, entry);
    });
  }
}
