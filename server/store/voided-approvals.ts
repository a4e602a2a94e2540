/**
 * Removes the approvals of a disabled account from everything that is pending: revisions and approver sets. What has been adopted stays. Each approval
 * of a revision is in the ledger, and so is its end. Enabling the account again brings nothing back.
 */
import { sql } from 'kysely';
import { z } from 'zod';
import type { Tx } from './database.ts';
import { appendLeaf } from './leaves.ts';

const storedSignatures = z.array(z.object({ keyid: z.string(), sig: z.string() }));

/** Call this first: an approval in progress locks the order's row as well, so that no adoption counts an approval that is being removed. */
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
    await appendLeaf(tx, {
      kind: 'order.approval-voided',
      at,
      subject: person_id,
      public: { order, revision, digest, keyid },
    });
  }
  const sets = await tx.selectFrom('approver_roots').selectAll().where('state', '=', 'waiting').execute();
  for (const { version, signatures } of sets) {
    const kept = storedSignatures.parse(JSON.parse(signatures)).filter(({ keyid }) => !keyids.includes(keyid));
    await tx
      .updateTable('approver_roots')
      .set({ signatures: JSON.stringify(kept) })
      .where('version', '=', version)
      .where('state', '=', 'waiting')
      .where(sql<boolean>`signatures <> ${JSON.stringify(kept)}`)
      .execute();
  }
}
