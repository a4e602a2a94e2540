/**
 * Removes the approvals of a disabled account from all pending revisions and approver sets, and records each removal in the ledger. Adopted
 * revisions and approver sets stay unchanged. Enabling the account again does not restore the approvals.
 */
import { sql } from 'kysely';
import { z } from 'zod';
import { appendEntry } from './append-entries.ts';
import type { Tx } from './database.ts';

const storedSignatures = z.array(z.object({ keyid: z.string(), sig: z.string() }));

/**
 * Locks the orders with a pending revision. A transaction that removes approvals must call this function first. Because an approval locks
 * its order's row too, no order can be adopted with an approval that is being removed.
 */
export async function lockPendingOrders(tx: Tx): Promise<void> {
  await tx
    .updateTable('orders')
    .set((eb) => ({ title: eb.ref('title') }))
    .where('number', 'in', (eb) =>
      eb.selectFrom('order_revisions').select('order_number').where('state', '=', 'waiting'),
    )
    .execute();
}

export async function voidApprovals(tx: Tx, account: string, at: number): Promise<void> {
  const keys = await tx
    .selectFrom('approver_keys')
    .select(['keyid', 'person_id'])
    .where('account_id', '=', account)
    .execute();
  if (keys.length === 0) return;
  const keyids = keys.map(({ keyid }) => keyid);
  const approvals = await tx
    .selectFrom('order_approvals as approval')
    .innerJoin('order_revisions as revision', (join) =>
      join
        .onRef('revision.order_number', '=', 'approval.order_number')
        .onRef('revision.revision', '=', 'approval.revision'),
    )
    .select(['approval.order_number', 'approval.revision', 'approval.keyid', 'approval.person_id', 'revision.digest'])
    .where('revision.state', '=', 'waiting')
    .where('approval.keyid', 'in', keyids)
    .orderBy('approval.order_number')
    .orderBy('approval.keyid')
    .execute();
  for (const { order_number: order, revision, keyid, person_id, digest } of approvals) {
    await tx
      .deleteFrom('order_approvals')
      .where('order_number', '=', order)
      .where('revision', '=', revision)
      .where('keyid', '=', keyid)
      .execute();
    await appendEntry(tx, {
      kind: 'order.approval-voided',
      at,
      subject: person_id,
      public: { order, revision, digest, keyid },
    });
  }
  const sets = await tx.selectFrom('approver_sets').selectAll().where('state', '=', 'waiting').execute();
  for (const { version, signatures } of sets) {
    const remaining = storedSignatures.parse(JSON.parse(signatures)).filter(({ keyid }) => !keyids.includes(keyid));
    await tx
      .updateTable('approver_sets')
      .set({ signatures: JSON.stringify(remaining) })
      .where('version', '=', version)
      .where('state', '=', 'waiting')
      .where(sql<boolean>`signatures <> ${JSON.stringify(remaining)}`)
      .execute();
  }
}
