/** Store of the counts in the transparency report, and of the signed statements. */
import { sql } from 'kysely';
import type { RefusalReason } from '../../shared/disclosure/refusal-reasons.ts';
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { PersonId } from '../../shared/protocol/ids.ts';
import type { Interval } from '../disclosures/ended-months.ts';
import type {
  MonthCounts,
  TransparencyStore as Port,
  StatementRow,
  StatementSignature,
} from '../disclosures/transparency-ports.ts';
import { appendEntry } from './append-entries.ts';
import { tableOf } from './bulk.ts';
import type { Database } from './database.ts';

/** Maximum adopted statements in one report. With renewals every 90 days, these are more than 20 years. */
const MOST_STATEMENTS = 100;

export class TransparencyStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async counts(months: readonly Interval[]): Promise<readonly MonthCounts[]> {
    const { db } = this.#database;
    const each = tableOf(
      ['bigint', 'bigint', 'bigint'],
      months.map(({ from, until }, at) => [at, from, until]),
    );
    const [received, produced, refused] = await Promise.all([
      sql<{ month: number; count: number }>`
        select m.column1 as month, count(*) as count from ${each} as m
        join disclosures d on d.received_at >= m.column2 and d.received_at < m.column3
        group by m.column1`.execute(db),
      sql<{ month: number; count: number; accounts: number }>`
        select m.column1 as month, count(*) as count, count(distinct d.person_id) as accounts from ${each} as m
        join disclosures d on d.produced_at >= m.column2 and d.produced_at < m.column3
        group by m.column1`.execute(db),
      sql<{ month: number; reason: RefusalReason; count: number }>`
        select m.column1 as month, r.reason, count(*) as count from ${each} as m
        join disclosure_refusals r on r.at >= m.column2 and r.at < m.column3
        group by m.column1, r.reason`.execute(db),
    ]);
    return months.map((_, at) => {
      const answers = produced.rows.find(({ month }) => Number(month) === at);
      return {
        received: Number(received.rows.find(({ month }) => Number(month) === at)?.count ?? 0),
        answered: Number(answers?.count ?? 0),
        accounts: Number(answers?.accounts ?? 0),
        refused: new Map(
          refused.rows
            .filter(({ month }) => Number(month) === at)
            .map(({ reason, count }) => [reason, Number(count)] as const),
        ),
      };
    });
  }

  async pendingAt(time: number): Promise<number> {
    const { count } = await this.#database.db
      .selectFrom('disclosures as d')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('d.received_at', '<', time)
      .where(({ eb, or }) => or([eb('d.produced_at', 'is', null), eb('d.produced_at', '>=', time)]))
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('disclosure_refusals as r')
              .select('r.id')
              .whereRef('r.disclosure_id', '=', 'd.id')
              .where('r.at', '<', time),
          ),
        ),
      )
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  async statements(): Promise<StatementRow[]> {
    const { db } = this.#database;
    const rows = await db
      .selectFrom('transparency_statements as s')
      .leftJoin('ledger_entries as e', 'e.id', 's.entry_id')
      .select(['s.digest', 's.payload', 's.state', 's.proposed_at', 's.adopted_at', 's.expires_at', 'e.entry_index'])
      .orderBy('s.proposed_at', 'desc')
      .orderBy('s.digest')
      .limit(MOST_STATEMENTS)
      .execute();
    const digests = rows.map(({ digest }) => digest);
    const signatures =
      digests.length === 0
        ? []
        : await db
            .selectFrom('transparency_signatures')
            .selectAll()
            .where('digest', 'in', digests)
            .orderBy('at')
            .execute();
    return rows.map(({ digest, payload, state, proposed_at, adopted_at, expires_at, entry_index }) => ({
      digest,
      payload,
      state,
      proposedAt: proposed_at,
      adoptedAt: adopted_at,
      expiresAt: expires_at,
      entryIndex: entry_index,
      signatures: signatures
        .filter((signature) => signature.digest === digest)
        .map(({ person_id, keyid, public_key, rp_id, sig, at }) => ({
          person: person_id as PersonId,
          keyid,
          publicKey: public_key,
          rpId: rp_id,
          sig,
          at,
        })),
    }));
  }

  proposeStatement({
    digest,
    payload,
    proposedAt,
    expiresAt,
  }: Pick<StatementRow, 'digest' | 'payload' | 'proposedAt' | 'expiresAt'>): Promise<void> {
    return this.#database.transaction(async (tx) => {
      const pending = tx.selectFrom('transparency_statements').select('digest').where('state', '=', 'pending');
      await tx.deleteFrom('transparency_signatures').where('digest', 'in', pending).execute();
      await tx.deleteFrom('transparency_statements').where('state', '=', 'pending').execute();
      await tx
        .insertInto('transparency_statements')
        .values({ digest, payload, state: 'pending', proposed_at: proposedAt, expires_at: expiresAt })
        .execute();
    });
  }

  signStatement(
    digest: string,
    { person, keyid, publicKey, rpId, sig, at }: StatementSignature,
    adopted: EntryDraft<'transparency.stated'> | null,
  ): Promise<void> {
    return this.#database.transaction(async (tx) => {
      const entry = adopted === null ? null : await appendEntry(tx, adopted);
      const { numUpdatedRows } = await tx
        .updateTable('transparency_statements')
        .set(adopted === null ? { state: 'pending' } : { state: 'adopted', adopted_at: at, entry_id: entry })
        .where('digest', '=', digest)
        .where('state', '=', 'pending')
        .executeTakeFirst();
      if (numUpdatedRows !== 1n) throw new CordonError('conflict', 'The statement is no longer pending.');
      await tx
        .insertInto('transparency_signatures')
        .values({ digest, person_id: person, keyid, public_key: publicKey, rp_id: rpId, sig, at })
        .execute();
    });
  }
}
