/** Store of proposed revisions, and of their ends without adoption. Each method commits rows and ledger entry in one transaction. */
import { z } from 'zod';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { NewRevision, ProposalStore as Port, RevisionRow } from '../orders/ports.ts';
import { appendEntry } from './append-entries.ts';
import type { Database, Tx } from './database.ts';
import { getMeta, ORDER_FLOOR_KEY } from './meta-store.ts';
import { changedMeanwhile, lockOrder, requireOneRow } from './order-writes.ts';

const numberFloorSchema = z.strictObject({ through: z.int(), floor: z.int() });

export class ProposalStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async appendRevision(change: NewRevision, entry: EntryDraft<'order.revision'>): Promise<void> {
    const { revision: row, title, exemptions } = change;
    await this.#database.transaction(async (tx) => {
      await claimRevision(tx, row, title);
      const replaced = tx
        .updateTable('order_revisions')
        .set({ state: 'superseded' })
        .where('order_number', '=', row.order)
        .where('state', '=', row.state);
      await (row.state === 'requested' ? replaced.where('proposer', '=', row.proposer) : replaced).execute();
      await tx
        .insertInto('order_revisions')
        .values({
          order_number: row.order,
          revision: row.revision,
          action: row.action,
          payload: row.payload,
          digest: row.digest,
          proposer: row.proposer,
          state: row.state,
          proposed_at: row.proposedAt,
          adopted_at: row.adoptedAt,
          listed_in: row.listedIn,
        })
        .execute();
      for (let from = 0; from < exemptions.length; from += 500) {
        await tx
          .insertInto('order_exemptions')
          .values(
            exemptions.slice(from, from + 500).map((each) => ({
              order_number: row.order,
              revision: row.revision,
              device_id: each.device,
              salt: each.salt,
              commitment: each.commitment,
              until: each.until,
              reason: each.reason,
            })),
          )
          .execute();
      }
      await recordDocuments(tx, change);
      await appendEntry(tx, entry);
    });
  }

  async endProposal(
    { order, revision, state, at, by, reason }: Parameters<Port['endProposal']>[0],
    entry: EntryDraft<'order.proposal-ended'>,
  ): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await lockOrder(tx, order);
      const ended = await tx
        .updateTable('order_revisions')
        .set({ state, ended_at: at, ended_by: by, end_reason: reason })
        .where('order_number', '=', order)
        .where('revision', '=', revision)
        .where('state', 'in', ['requested', 'waiting'])
        .executeTakeFirst();
      requireOneRow(ended.numUpdatedRows, `Revision ${revision} of order ${order}`);
      await promoteRequest(tx, order);
      await appendEntry(tx, entry);
    });
  }

  async replacePending(
    { order, revision, at, by }: Parameters<Port['replacePending']>[0],
    entry: EntryDraft<'order.replacement-confirmed'>,
  ): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await lockOrder(tx, order);
      // Older proposals end here. Devices never accept a lower revision number, so these proposals can no longer be adopted.
      await tx
        .updateTable('order_revisions')
        .set({ state: 'superseded', ended_at: at, ended_by: by })
        .where('order_number', '=', order)
        .where((eb) =>
          eb.or([eb('state', '=', 'waiting'), eb.and([eb('state', '=', 'requested'), eb('revision', '<', revision)])]),
        )
        .execute();
      const replaced = await tx
        .updateTable('order_revisions')
        .set({ state: 'waiting' })
        .where('order_number', '=', order)
        .where('revision', '=', revision)
        .where('state', '=', 'requested')
        .executeTakeFirst();
      requireOneRow(replaced.numUpdatedRows, `Revision ${revision} of order ${order}`);
      await appendEntry(tx, entry);
    });
  }

  async numberFloor(): Promise<{ through: number; floor: number } | null> {
    const text = await getMeta(this.#database.db, ORDER_FLOOR_KEY);
    return text === null ? null : numberFloorSchema.parse(JSON.parse(text));
  }
}

/**
 * Makes the order's oldest requested proposal pending if no proposal is pending. The proposal replaces nothing, so it needs no
 * confirmation.
 */
async function promoteRequest(tx: Tx, order: string): Promise<void> {
  const pending = await tx
    .selectFrom('order_revisions')
    .select(['revision', 'state'])
    .where('order_number', '=', order)
    .where('state', 'in', ['requested', 'waiting'])
    .orderBy('revision')
    .execute();
  const [oldest] = pending;
  if (!oldest || pending.some(({ state }) => state === 'waiting')) return;
  await tx
    .updateTable('order_revisions')
    .set({ state: 'waiting' })
    .where('order_number', '=', order)
    .where('revision', '=', oldest.revision)
    .execute();
}

/** Inserts the order's row, or increases its latest revision number by one. Throws `conflict` if another change was committed first. */
async function claimRevision(tx: Tx, row: Omit<RevisionRow, 'approvals'>, title: string): Promise<void> {
  if (row.revision > 1) {
    const moved = await tx
      .updateTable('orders')
      .set({ latest_revision: row.revision, title })
      .where('number', '=', row.order)
      .where('latest_revision', '=', row.revision - 1)
      .executeTakeFirst();
    requireOneRow(moved.numUpdatedRows, `Order ${row.order}`);
    return;
  }
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('orders')
    .values({
      number: row.order,
      title,
      adopted_revision: null,
      latest_revision: 1,
      created_at: row.proposedAt,
    })
    .onConflict((conflict) => conflict.column('number').doNothing())
    .executeTakeFirst();
  requireOneRow(numInsertedOrUpdatedRows, `Order ${row.order}`);
}

async function recordDocuments(tx: Tx, { revision, documents, decision }: NewRevision): Promise<void> {
  const { order, revision: number } = revision;
  if (documents.length > 0) {
    const { numUpdatedRows } = await tx
      .updateTable('order_documents')
      .set({ named: 1 })
      .where('sha256', 'in', [...documents])
      .executeTakeFirst();
    if (numUpdatedRows !== BigInt(documents.length)) throw changedMeanwhile(`A document that order ${order} names`);
  }
  if (!decision) return;
  await tx
    .insertInto('order_decisions')
    .values({ ...decision, order_number: order, revision: number })
    .execute();
}
