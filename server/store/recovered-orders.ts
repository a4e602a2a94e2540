/** Orders and approver sets that devices brought back to a restored store. Each commits with its ledger entries, unless the ledger has them already. */
import { sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import type { RecoveredChange } from '../orders/ports.ts';
import type { RecoveredRevision } from '../orders/recovering.ts';
import { ORDER_NUMBERS } from '../recovery/versions.ts';
import type { Tx } from './database.ts';
import { appendLeaf } from './leaves.ts';

/** Which list had the revision first is lost. A device's receipt about it may name any list, so the earliest possible one stands here. */
const EARLIEST_LIST = 1;

export async function storeRecovered(
  tx: Tx,
  { roots, revisions, exemptions, at, device }: RecoveredChange,
): Promise<void> {
  for (const { envelope, root } of roots) {
    const { version } = root.approvers;
    const payload = Buffer.from(envelope.payload, 'base64').toString('utf8');
    const adopted = {
      payload,
      signatures: JSON.stringify(envelope.signatures),
      state: 'adopted',
      adopted_at: at,
    } as const;
    await tx
      .insertInto('approver_roots')
      .values({ version, ...adopted, proposed_at: Date.parse(root.approvers.issuedAt) })
      .onConflict((conflict) =>
        conflict.column('version').doUpdateSet(adopted).where('approver_roots.state', '<>', 'adopted'),
      )
      .execute();
    await once(tx, root.digest, 'approvers.adopted', [
      { kind: 'approvers.adopted', at, subject: null, public: { version, digest: root.digest } },
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
  { revision: said, digest, payload, signatures, listedAt }: RecoveredRevision,
  at: number,
): Promise<void> {
  const { order, revision } = said;
  await tx
    .insertInto('orders')
    .values({
      ...{ number: order, title: said.terms.title, adopted_revision: null, latest_revision: revision + ORDER_NUMBERS },
      ...{ created_at: Date.parse(said.proposedAt), closed_at: null },
    })
    .onConflict((conflict) => conflict.column('number').doNothing())
    .execute();
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('order_revisions')
    .values({
      ...{ order_number: order, revision, act: said.act, payload, digest, proposer: said.proposer },
      ...{ proposed_at: Date.parse(said.proposedAt), state: 'adopted', adopted_at: listedAt },
      listed_in: EARLIEST_LIST,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['order_number', 'revision'])
        .doUpdateSet((eb) => ({
          state: 'adopted',
          adopted_at: eb.fn.coalesce('order_revisions.adopted_at', eb.val(listedAt)),
          listed_in: eb.fn.coalesce('order_revisions.listed_in', eb.val(EARLIEST_LIST)),
        }))
        .where('order_revisions.digest', '=', digest),
    )
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows !== 1n) {
    throw new CordonError('list_forked', `Revision ${revision} of order ${order} is another document here.`, { order });
  }
  await sql`update orders set adopted_revision = ${revision}, title = ${said.terms.title}
    where number = ${order} and coalesce(adopted_revision, 0) < ${revision}`.execute(tx);
  for (const { person, keyid, sig, stub } of signatures) {
    await tx
      .insertInto('order_approvals')
      .values({
        ...{ order_number: order, revision, person_id: person, keyid },
        ...{ signature: sig, stub_signature: stub, approved_at: listedAt },
      })
      .onConflict((conflict) => conflict.columns(['order_number', 'revision', 'keyid']).doNothing())
      .execute();
  }
  const about = { order, revision, digest };
  await once(tx, digest, 'order.adopted', [
    {
      ...{ kind: 'order.revision', at, subject: said.proposer },
      public: { order, revision, ...(said.salt === undefined && { act: said.act }), digest },
    },
    ...signatures.map(
      ({ person, keyid }) => ({ kind: 'order.approval', at, subject: person, public: { ...about, keyid } }) as const,
    ),
    { kind: 'order.adopted', at, subject: null, public: about },
  ]);
}

/** A ledger that was rejoined from a copy has the entries as they were published. `kind`: the last of them. */
async function once(tx: Tx, digest: string, kind: LeafDraft['kind'], leaves: readonly LeafDraft[]): Promise<void> {
  const there = await tx
    .selectFrom('ledger_leaves')
    .select('id')
    .where('kind', '=', kind)
    .where('body', 'like', `%${digest}%`)
    .limit(1)
    .executeTakeFirst();
  if (there) return;
  for (const leaf of leaves) await appendLeaf(tx, leaf);
}
