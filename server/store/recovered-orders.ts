/** Stores orders and approver sets that devices sent to a restored server, with ledger entries unless the ledger already has them. */
import { sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { RecoveredRevision } from '../orders/adoption/recovered-documents.ts';
import type { RecoveredChange } from '../orders/ports.ts';
import { ORDER_NUMBERS } from '../recovery/version-jump.ts';
import { appendEntry } from './append-entries.ts';
import type { Tx } from './database.ts';

/**
 * Number of the order list that the store records as the first list with a recovered revision. The true number is lost. The server refuses
 * receipts that name an earlier list, so the store records the lowest number, with which no receipt is refused.
 */
const EARLIEST_LIST = 1;

export async function storeRecovered(
  tx: Tx,
  { approverSets, revisions, exemptions, at, device }: RecoveredChange,
): Promise<void> {
  for (const { envelope, approverSet } of approverSets) {
    const { version } = approverSet.approvers;
    const payload = Buffer.from(envelope.payload, 'base64').toString('utf8');
    const adopted = {
      payload,
      signatures: JSON.stringify(envelope.signatures),
      state: 'adopted',
    } as const;
    await tx
      .insertInto('approver_sets')
      .values({ version, ...adopted })
      .onConflict((conflict) =>
        conflict.column('version').doUpdateSet(adopted).where('approver_sets.state', '<>', 'adopted'),
      )
      .execute();
    await once(tx, approverSet.digest, 'approvers.adopted', [
      { kind: 'approvers.adopted', at, subject: null, public: { version, digest: approverSet.digest } },
    ]);
  }
  for (const recovered of revisions) await storeRevision(tx, recovered, at);
  for (const { order, revision, salt, commitment, until } of exemptions) {
    await tx
      .insertInto('order_exemptions')
      .values({ order_number: order, revision, device_id: device, salt, commitment, until, reason: null })
      .onConflict((conflict) => conflict.columns(['order_number', 'revision', 'device_id']).doNothing())
      .execute();
  }
}

async function storeRevision(
  tx: Tx,
  { revision: document, digest, payload, signatures, listedAt }: RecoveredRevision,
  at: number,
): Promise<void> {
  const { order, revision } = document;
  await tx
    .insertInto('orders')
    .values({
      number: order,
      title: document.terms.title,
      adopted_revision: null,
      latest_revision: revision + ORDER_NUMBERS,
      created_at: Date.parse(document.proposedAt),
    })
    .onConflict((conflict) => conflict.column('number').doNothing())
    .execute();
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('order_revisions')
    .values({
      order_number: order,
      revision,
      action: document.action,
      payload,
      digest,
      proposer: document.proposer,
      proposed_at: Date.parse(document.proposedAt),
      state: 'adopted',
      adopted_at: listedAt,
      listed_in: EARLIEST_LIST,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['order_number', 'revision'])
        .doUpdateSet((eb) => ({
          state: 'adopted',
          ended_at: null,
          ended_by: null,
          end_reason: null,
          adopted_at: eb.fn.coalesce('order_revisions.adopted_at', eb.val(listedAt)),
          listed_in: eb.fn.coalesce('order_revisions.listed_in', eb.val(EARLIEST_LIST)),
        }))
        .where('order_revisions.digest', '=', digest),
    )
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows !== 1n) {
    throw new CordonError('list_forked', `The server has another document as revision ${revision} of order ${order}.`, {
      order,
    });
  }
  await sql`update orders set adopted_revision = ${revision}, title = ${document.terms.title}
    where number = ${order} and coalesce(adopted_revision, 0) < ${revision}`.execute(tx);
  for (const { person, keyid, sig, stub } of signatures) {
    await tx
      .insertInto('order_approvals')
      .values({
        order_number: order,
        revision,
        person_id: person,
        keyid,
        signature: sig,
        stub_signature: stub,
        approved_at: listedAt,
      })
      .onConflict((conflict) => conflict.columns(['order_number', 'revision', 'keyid']).doNothing())
      .execute();
  }
  const about = { order, revision, digest };
  await once(tx, digest, 'order.adopted', [
    {
      kind: 'order.revision',
      at,
      subject: document.proposer,
      public: { order, revision, ...(document.salt === undefined && { action: document.action }), digest },
    },
    ...signatures.map(
      ({ person, keyid }) => ({ kind: 'order.approval', at, subject: person, public: { ...about, keyid } }) as const,
    ),
    { kind: 'order.adopted', at, subject: null, public: about },
  ]);
}

/**
 * Appends the entries unless the ledger has them already, for example from a published copy. `kind` and `digest` identify the last of the
 * entries. If the ledger contains the last entry, it also contains the earlier ones.
 */
async function once(tx: Tx, digest: string, kind: EntryDraft['kind'], entries: readonly EntryDraft[]): Promise<void> {
  const existing = await tx
    .selectFrom('ledger_entries')
    .select('id')
    .where('kind', '=', kind)
    .where('body', 'like', `%${digest}%`)
    .limit(1)
    .executeTakeFirst();
  if (existing) return;
  for (const entry of entries) await appendEntry(tx, entry);
}
