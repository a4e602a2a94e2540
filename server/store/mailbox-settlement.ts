/**
 * Holds, releases or returns the waiting messages of a device after orders began or ceased to suspend its messaging (rules in
 * `settlement.ts`). Reports the result to the senders.
 */
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { DecidingOrder, DeliveryReport } from '../relay/ports.ts';
import { KEPT_FOR } from '../relay/posts.ts';
import { type MessageChange, settle } from '../relay/settlement.ts';
import type { Tx } from './database.ts';
import {
  type AddressedReport,
  addDeliveryReports,
  forgetEntries,
  loadMailboxes,
  saveMailboxes,
  sendersOf,
} from './mailbox-rows.ts';
import { deleteEntries, saveSettled, WAITING_MESSAGES, withoutReturn } from './waiting-rows.ts';

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
  const applied = await withoutReturn(tx, device, { gate: mailbox.gate, denial });
  const { gate, changes } = settle(
    applied.gate,
    applied.denial,
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
    // The later of two expiries is kept, because a legal hold may already have extended it.
    expiries.set(seq, Math.max(expires_at, anew));
    const order = change === 'released' ? holding_order : (denial?.order ?? null);
    if (status && post)
      reports.push({ to: post.to, report: { type: 'delivery-report', id: post.id, device, status, order, at: now } });
  }
  await saveSettled(
    tx,
    WAITING_MESSAGES,
    device,
    changes.flatMap(({ seq, change }) => {
      if (change === 'returned') return [];
      const heldBy = change === 'held' ? (denial?.order ?? null) : null;
      return [{ seq, heldBy, due: change === 'deliverable', expiresAt: expiries.get(seq) ?? now + KEPT_FOR }];
    }),
  );
  const returned = rows.filter(({ seq }) => bySeq.get(seq) === 'returned');
  if (returned.length > 0) {
    await deleteEntries(tx, WAITING_MESSAGES, device, returned);
    await forgetEntries(tx, returned);
  }
  return addDeliveryReports(tx, reports);
}
