import { CordonError } from '../../shared/errors.ts';
import type { ListChange } from '../orders/ports.ts';
import { appendEntry } from './append-entries.ts';
import type { Tx } from './database.ts';

export function changedMeanwhile(subject: string): CordonError {
  return new CordonError('conflict', `${subject} has changed meanwhile. Look at it again.`);
}

export function requireOneRow(written: bigint | undefined, subject: string): void {
  if (written !== 1n) throw changedMeanwhile(subject);
}

/** Locks an order's row on PostgreSQL, so that a proposal for the order cannot be adopted and ended at the same time. */
export async function lockOrder(tx: Tx, order: string): Promise<void> {
  await tx
    .updateTable('orders')
    .set((eb) => ({ title: eb.ref('title') }))
    .where('number', '=', order)
    .execute();
}

/** Locks the account's row on PostgreSQL, so that an approval and the disabling of its account run one after the other. */
export async function requireActiveAccount(tx: Tx, keyid: string): Promise<void> {
  const account = await tx
    .updateTable('accounts')
    .set((eb) => ({ status: eb.ref('status') }))
    .where('id', 'in', (eb) => eb.selectFrom('approver_keys').select('account_id').where('keyid', '=', keyid))
    .returning('status')
    .executeTakeFirst();
  if (account?.status !== 'disabled') return;
  throw new CordonError('forbidden', 'The account of this key is disabled, so its approval does not count.');
}

export async function insertList(tx: Tx, { list, entry }: ListChange): Promise<void> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('order_lists')
    .values({
      version: list.version,
      envelope: JSON.stringify(list.envelope),
      hash: list.hash,
      issued_at: list.issuedAt,
      expires_at: list.expiresAt,
    })
    .onConflict((conflict) => conflict.column('version').doNothing())
    .executeTakeFirst();
  requireOneRow(numInsertedOrUpdatedRows, `List ${list.version}`);
  await appendEntry(tx, entry);
}
