/** Store of approvals, adoptions and order lists. Each method commits rows and ledger entries in one transaction. */
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { parseEnvelope } from '../../shared/order/dsse.ts';
import type { StoredList } from '../orders/adoption/order-list.ts';
import type { ListChange, AdoptionStore as Port, RecoveredChange } from '../orders/ports.ts';
import { appendEntry } from './append-entries.ts';
import type { Database } from './database.ts';
import { changedMeanwhile, insertList, requireActiveAccount, requireOneRow } from './order-writes.ts';
import { storeRecovered } from './recovered-orders.ts';

export class AdoptionStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async recordApproval(
    change: Parameters<Port['recordApproval']>[0],
    entry: EntryDraft<'order.approval'>,
    adoption: EntryDraft<'order.adopted'> | null,
    list: ListChange | null,
  ): Promise<void> {
    const { order, revision, state, counted, approval } = change;
    await this.#database.transaction(async (tx) => {
      // Locks the order's row on PostgreSQL, so that approvals of one order run one after the other.
      const claimed = await tx
        .updateTable('orders')
        .set(adoption ? { adopted_revision: revision } : (eb) => ({ title: eb.ref('title') }))
        .where('number', '=', order)
        .$if(state === 'adopted', (query) => query.where('adopted_revision', '=', revision))
        .executeTakeFirst();
      requireOneRow(claimed.numUpdatedRows, `Order ${order}`);
      const stored = await tx
        .selectFrom('order_approvals')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('order_number', '=', order)
        .where('revision', '=', revision)
        .executeTakeFirstOrThrow();
      if (Number(stored.count) !== counted) throw changedMeanwhile(`Revision ${revision} of order ${order}`);
      const { state: present } = await tx
        .selectFrom('order_revisions')
        .select('state')
        .where('order_number', '=', order)
        .where('revision', '=', revision)
        .executeTakeFirstOrThrow();
      if (present !== state) throw changedMeanwhile(`Revision ${revision} of order ${order}`);
      await requireActiveAccount(tx, approval.keyid);
      await tx
        .insertInto('order_approvals')
        .values({
          order_number: order,
          revision,
          person_id: approval.person,
          keyid: approval.keyid,
          signature: approval.signature,
          stub_signature: approval.stub,
          immediate_signature: approval.immediate,
          approved_at: approval.approvedAt,
        })
        .execute();
      await appendEntry(tx, entry);
      if (adoption) {
        const adopted = await tx
          .updateTable('order_revisions')
          .set({ state: 'adopted', adopted_at: approval.approvedAt, listed_in: list?.list.version ?? null })
          .where('order_number', '=', order)
          .where('revision', '=', revision)
          .where('state', '=', state)
          .executeTakeFirst();
        requireOneRow(adopted.numUpdatedRows, `Revision ${revision} of order ${order}`);
        // The order's remaining proposals are based on the previous revision, so they end here.
        await tx
          .updateTable('order_revisions')
          .set({ state: 'superseded' })
          .where('order_number', '=', order)
          .where('state', 'in', ['requested', 'waiting'])
          .execute();
        await appendEntry(tx, adoption);
      }
      if (list) await insertList(tx, list);
    });
  }

  async list(): Promise<StoredList | null> {
    const row = await this.#database.db
      .selectFrom('order_lists')
      .selectAll()
      .orderBy('version', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (!row) return null;
    const { version, hash } = row;
    return { version, hash, envelope: parseEnvelope(row.envelope), issuedAt: row.issued_at, expiresAt: row.expires_at };
  }

  async appendList(change: ListChange): Promise<void> {
    await this.#database.transaction((tx) => insertList(tx, change));
  }

  recover(change: RecoveredChange): Promise<void> {
    return this.#database.transaction((tx) => storeRecovered(tx, change));
  }
}
