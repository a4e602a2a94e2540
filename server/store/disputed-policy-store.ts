/** Policies of disputed ground: every version that was imported, and which stood from when on. */
import { disputedPolicySchema } from '../../shared/areas/disputed-policy.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import { canonicalText } from '../../shared/order/canonical.ts';
import type { DisputedPolicyUse, KeptPolicy, DisputedPolicyStore as Port } from '../jurisdiction/ports.ts';
import type { Database } from './database.ts';
import { appendLeaf } from './leaves.ts';

export class DisputedPolicyStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async disputedPolicies(): Promise<KeptPolicy[]> {
    const rows = await this.#database.db
      .selectFrom('disputed_policies')
      .selectAll()
      .orderBy('version', 'desc')
      .execute();
    return rows.map(({ body, hash, imported_at, imported_by }) => ({
      document: disputedPolicySchema.parse(JSON.parse(body)),
      hash,
      importedAt: imported_at,
      importedBy: imported_by,
    }));
  }

  addDisputedPolicy({ document, hash, importedAt, importedBy }: KeptPolicy): Promise<boolean> {
    const { version } = document;
    return this.#database.transaction(async (tx) => {
      const above = await tx
        .selectFrom('disputed_policies')
        .select('version')
        .where('version', '>=', version)
        .limit(1)
        .executeTakeFirst();
      if (above) return false;
      const { numInsertedOrUpdatedRows = 0n } = await tx
        .insertInto('disputed_policies')
        .values({
          ...{ version, body: canonicalText(document), hash },
          ...{ imported_at: importedAt, imported_by: importedBy },
        })
        .onConflict((conflict) => conflict.column('version').doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows > 0n;
    });
  }

  async disputedPolicyUses(limit: number | null): Promise<DisputedPolicyUse[]> {
    const all = this.#database.db.selectFrom('disputed_policy_uses').selectAll().orderBy('id', 'desc');
    const rows = await (limit === null ? all : all.limit(limit)).execute();
    return rows.map(({ version, at, account }) => ({ version, at, by: account }));
  }

  activateDisputedPolicy(
    version: number,
    by: string | null,
    leaf: LeafDraft<'disputed-policy.activated'>,
  ): Promise<void> {
    return this.#database.transaction(async (tx) => {
      await tx.insertInto('disputed_policy_uses').values({ version, at: leaf.at, account: by }).execute();
      await appendLeaf(tx, leaf);
    });
  }
}
