/** Store of the cosignatures that witnesses gave for the ledger's checkpoints. */
import { sql } from 'kysely';
import type { CosignatureStore as Port, StoredCosignature } from '../ledger/witnesses.ts';
import type { Database } from './database.ts';

/** Number of cosigned checkpoints that the store keeps for each witness. Only the newest are published. */
const KEPT = 1000;

export class CosignatureStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async add({ size, witness, line, at }: StoredCosignature): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await tx
        .insertInto('cosignatures')
        .values({ size, witness, line, at })
        .onConflict((conflict) => conflict.columns(['size', 'witness']).doUpdateSet({ line, at }))
        .execute();
      const oldest = await tx
        .selectFrom('cosignatures')
        .select('size')
        .where('witness', '=', witness)
        .orderBy('size', 'desc')
        .offset(KEPT)
        .limit(1)
        .executeTakeFirst();
      if (!oldest) return;
      await tx
        .deleteFrom('cosignatures')
        .where('witness', '=', witness)
        .where('size', '<=', Number(oldest.size))
        .execute();
    });
  }

  async of(size: number): Promise<StoredCosignature[]> {
    const rows = await this.#database.db
      .selectFrom('cosignatures')
      .selectAll()
      .where('size', '=', size)
      .orderBy('witness')
      .execute();
    return rows.map((row) => ({ ...row, size: Number(row.size), at: Number(row.at) }));
  }

  async newest(witness: string): Promise<StoredCosignature | null> {
    const row = await this.#database.db
      .selectFrom('cosignatures')
      .selectAll()
      .where('witness', '=', witness)
      .orderBy('size', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row ? { ...row, size: Number(row.size), at: Number(row.at) } : null;
  }

  async newestCheckpoint(witnesses: readonly string[], threshold: number, from: number) {
    const found = await this.#database.db
      .selectFrom('cosignatures')
      .innerJoin('checkpoints', 'checkpoints.size', 'cosignatures.size')
      .select(['cosignatures.size', 'checkpoints.note'])
      .where('cosignatures.witness', 'in', [...witnesses])
      .where('cosignatures.size', '>=', from)
      .groupBy(['cosignatures.size', 'checkpoints.note'])
      .having(sql`count(*)`, '>=', threshold)
      .orderBy('cosignatures.size', 'desc')
      .limit(1)
      .executeTakeFirst();
    return found ? { size: Number(found.size), note: found.note } : null;
  }
}
