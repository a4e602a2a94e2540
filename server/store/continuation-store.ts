/** Store of continuations: documents by which a ledger that lost entries continues under a new name. At most one is pending. */
import { sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { ContinuationRow, ContinuationStore as Port } from '../recovery/continuations.ts';
import type { RecoveryState } from '../recovery/recovery-state.ts';
import { appendEntry } from './append-entries.ts';
import type { Database, Tx } from './database.ts';
import { RECOVERY_KEY, setMeta } from './meta-store.ts';

export class ContinuationStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async continuations(): Promise<ContinuationRow[]> {
    const rows = await this.#database.db.selectFrom('ledger_continuations').selectAll().orderBy('number').execute();
    return rows.map(({ number, digest, payload, signatures, state, proposed_at, proposed_by, adopted_at }) => ({
      number,
      digest,
      payload,
      signatures: JSON.parse(signatures),
      state,
      proposedAt: proposed_at,
      proposedBy: proposed_by,
      adoptedAt: adopted_at,
    }));
  }

  proposeContinuation(row: ContinuationRow): Promise<void> {
    return this.#database.transaction(async (tx) => {
      await tx.deleteFrom('ledger_continuations').where('state', '=', 'waiting').execute();
      await insertContinuation(tx, row);
    });
  }

  async signContinuation({ digest, signatures }: Pick<ContinuationRow, 'digest' | 'signatures'>): Promise<void> {
    await this.#database.db
      .updateTable('ledger_continuations')
      .set({ signatures: JSON.stringify(signatures) })
      .where('digest', '=', digest)
      .execute();
  }

  adoptContinuation(
    { digest, signatures, adoptedAt }: ContinuationRow,
    size: number,
    state: RecoveryState,
    entry: EntryDraft<'ledger.continued'>,
  ): Promise<void> {
    return this.#database.transaction(async (tx) => {
      const { last } = await tx
        .selectFrom('ledger_entries')
        .select(({ fn }) => fn.max('entry_index').as('last'))
        .executeTakeFirstOrThrow();
      const present = last === null ? 0 : Number(last) + 1;
      if (present !== size) {
        throw new CordonError(
          'conflict',
          `The ledger now has ${present} entries, not ${size}. Propose the continuation again.`,
        );
      }
      const { numUpdatedRows } = await tx
        .updateTable('ledger_continuations')
        .set({ signatures: JSON.stringify(signatures), state: 'adopted', adopted_at: adoptedAt })
        .where('digest', '=', digest)
        .where('state', '=', 'waiting')
        .executeTakeFirst();
      if (numUpdatedRows !== 1n) throw new CordonError('conflict', 'The continuation is no longer pending.');
      await setMeta(tx, RECOVERY_KEY, JSON.stringify(state));
      await sql`update recovery_responses set result = 'lost' where result = 'not_contained'`.execute(tx);
      await appendEntry(tx, entry);
    });
  }
}

export async function insertContinuation(tx: Tx, row: ContinuationRow): Promise<void> {
  const { number, digest, payload, signatures, state, proposedAt, proposedBy, adoptedAt } = row;
  await tx
    .insertInto('ledger_continuations')
    .values({
      number,
      digest,
      payload,
      signatures: JSON.stringify(signatures),
      state,
      proposed_at: proposedAt,
      proposed_by: proposedBy,
      adopted_at: adoptedAt,
    })
    .execute();
}
