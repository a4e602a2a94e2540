/**
 * Holds, releases or returns the waiting messages of a device after orders began or ceased to suspend its messaging (rules in
 * `settlement.ts`). Reports the result to the senders.
 */
import { sql } from 'kysely';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { DecidingOrder, DeliveryReport } from '../relay/ports.ts';
import { KEPT_FOR } from '../relay/posts.ts';
import { type MessageChange, settle } from '../relay/settlement.ts';
import { tableOf } from './bulk.ts';
import type { Tx } from './database.ts';
import {
  type AddressedReport,
  addDeliveryReports,
  forgetEntries,
  loadMailboxes,
  saveMailboxes,
  sendersOf,
} from './mailbox-rows.ts';
import { isUnderLegalHold } from './under-legal-hold.ts';

const REPORTED_STATUS: Readonly<Partial<Record<MessageChange, DeliveryReport['status']>>> = {
  held: 'held',
  released: 'released',
  returned: 'returned',
};

export async function settleMailbox(
  tx: Tx,
  device: DeviceId,
  denial: DecidingOrder | null,
  now: number,
): Promise<DeviceId[]> {
  const mailbox = (await loadMailboxes(tx, [device])).get(device);
  if (!mailbox) return [];
  const rows = await tx
    .selectFrom('mailbox_entries')
    .select(['device_id', 'seq', 'post', 'bytes', 'expires_at', 'holding_order', 'due'])
    .where('device_id', '=', device)
    .where('post', 'is not', null)
    .orderBy('seq')
    .execute();
  const sent = new Map((await sendersOf(tx, rows)).map((one) => [one.post, one]));
  const returns = mailbox.gate === 'return' || denial?.rule === 'return';
  // Under a legal hold, the server holds messages that an order would otherwise return.
  const instead = returns && (await isUnderLegalHold(tx, device));
  const { gate, changes } = settle(
    instead && mailbox.gate === 'return' ? 'hold' : mailbox.gate,
    instead && denial ? { ...denial, rule: denial.rule === 'return' ? 'hold' : denial.rule } : denial,
    rows.map(({ seq, post, holding_order, due }) => ({
      seq,
      keep: sent.get(post ?? 0)?.keep ?? true,
      heldBy: holding_order,
      deliverable: due === 1,
    })),
  );
  if (gate !== mailbox.gate) await saveMailboxes(tx, [{ ...mailbox, gate }]);
  if (changes.length === 0) return [];
  const bySeq = new Map(changes.map(({ seq, change }) => [seq, change]));
  const reports: AddressedReport[] = [];
  const expiries = new Map<number, number>();
  for (const { seq, post: id, holding_order, expires_at } of rows) {
    const change = bySeq.get(seq);
    const status = change && REPORTED_STATUS[change];
    const post = sent.get(id ?? 0);
    const anew = change === 'released' ? Math.min(now + KEPT_FOR, post?.expires ?? Infinity) : 0;
    // Keeps the later expiry, because a legal hold may already have extended it.
    expiries.set(seq, Math.max(expires_at, anew));
    const order = change === 'released' ? holding_order : (denial?.order ?? null);
    if (status && post)
      reports.push({ to: post.to, report: { type: 'delivery-report', id: post.id, device, status, order, at: now } });
  }
  const changed = changes.filter(({ change }) => change !== 'returned');
  if (changed.length > 0) {
    const states = tableOf(
      ['bigint', 'text', 'bigint', 'bigint'],
      changed.map(({ seq, change }) => [
        seq,
        change === 'held' ? (denial?.order ?? null) : null,
        change === 'deliverable' ? 1 : 0,
        expiries.get(seq) ?? now + KEPT_FOR,
      ]),
    );
    await sql`update mailbox_entries set holding_order = v.column2, due = v.column3, expires_at = v.column4 from ${states} as v
      where device_id = ${device} and seq = v.column1`.execute(tx);
  }
  const returned = rows.filter(({ seq }) => bySeq.get(seq) === 'returned');
  if (returned.length > 0) {
    const seqs = tableOf(
      ['bigint'],
      returned.map(({ seq }) => [seq]),
    );
    await sql`delete from mailbox_entries where device_id = ${device} and seq in (select column1 from ${seqs} as v)`.execute(
      tx,
    );
    await forgetEntries(tx, returned);
  }
  return addDeliveryReports(tx, reports);
}
