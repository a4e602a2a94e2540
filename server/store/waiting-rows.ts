/** Queries and rules that are the same for queues of mail and for mailboxes of messages. Their tables have the same columns for waiting items. */
import { sql } from 'kysely';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { DecidingOrder } from '../relay/ports.ts';
import type { Gate } from '../relay/settlement.ts';
import { tableOf } from './bulk.ts';
import type { Tx } from './database.ts';
import { isUnderLegalHold } from './under-legal-hold.ts';

/** Tables of one service: an entry for each recipient of an item, and the items. `item`: column of an entry with the number of its item. */
export const WAITING_MAIL = { entries: 'mail_entries', items: 'mails', item: 'mail' } as const;
export const WAITING_MESSAGES = { entries: 'mailbox_entries', items: 'posts', item: 'post' } as const;
type WaitingTables = typeof WAITING_MAIL | typeof WAITING_MESSAGES;

export interface Share {
  readonly recipient: DeviceId;
  readonly sender: DeviceId;
  readonly entries: number;
  readonly bytes: number;
}

/**
 * Number and bytes of the waiting items from each sender for these recipients. Pass only recipients whose queue is at least half full,
 * because only these limit each sender.
 */
export async function sharesFor(
  tx: Tx,
  { entries, items, item }: WaitingTables,
  crowded: readonly { readonly device: DeviceId }[],
): Promise<Share[]> {
  if (crowded.length === 0) return [];
  const requested = tableOf(
    ['text'],
    crowded.map(({ device }) => [device]),
  );
  const { rows } = await sql<Share>`
    select e.device_id as recipient, i.device_id as sender, count(*) as entries, sum(e.bytes) as bytes
    from ${requested} as v cross join ${sql.table(entries)} e cross join ${sql.table(items)} i
    where e.device_id = v.column1 and i.id = ${sql.ref(`e.${item}`)}
    group by e.device_id, i.device_id`.execute(tx);
  return rows.map((row) => ({ ...row, entries: Number(row.entries), bytes: Number(row.bytes) }));
}

/** Under a legal hold, the server holds items that an order would otherwise return. */
export async function withoutReturn(
  tx: Tx,
  device: DeviceId,
  { gate, denial }: { readonly gate: Gate; readonly denial: DecidingOrder | null },
): Promise<{ readonly gate: Gate; readonly denial: DecidingOrder | null }> {
  const returns = gate === 'return' || denial?.rule === 'return';
  if (!returns || !(await isUnderLegalHold(tx, device))) return { gate, denial };
  return {
    gate: gate === 'return' ? 'hold' : gate,
    denial: denial?.rule === 'return' ? { ...denial, rule: 'hold' } : denial,
  };
}

export interface SettledEntry {
  readonly seq: number;
  readonly heldBy: string | null;
  readonly due: boolean;
  readonly expiresAt: number;
}

export async function saveSettled(
  tx: Tx,
  { entries }: WaitingTables,
  device: DeviceId,
  settled: readonly SettledEntry[],
): Promise<void> {
  if (settled.length === 0) return;
  const states = tableOf(
    ['bigint', 'text', 'bigint', 'bigint'],
    settled.map(({ seq, heldBy, due, expiresAt }) => [seq, heldBy, due ? 1 : 0, expiresAt]),
  );
  await sql`update ${sql.table(entries)} set holding_order = v.column2, due = v.column3, expires_at = v.column4
    from ${states} as v where device_id = ${device} and seq = v.column1`.execute(tx);
}

export async function deleteEntries(
  tx: Tx,
  { entries }: WaitingTables,
  device: DeviceId,
  deleted: readonly { readonly seq: number }[],
): Promise<void> {
  if (deleted.length === 0) return;
  const seqs = tableOf(
    ['bigint'],
    deleted.map(({ seq }) => [seq]),
  );
  await sql`delete from ${sql.table(entries)} where device_id = ${device}
    and seq in (select column1 from ${seqs} as v)`.execute(tx);
}
