/**
 * Holds, releases or returns the waiting mails of a device after orders began or ceased to suspend its mail (rules in
 * `server/relay/settlement.ts`). Tells the senders.
 */
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { MailEvent } from '../../shared/protocol/mail-http.ts';
import { MAIL_KEPT_FOR } from '../mail/acceptance.ts';
import type { SettledDevice } from '../relay/ports.ts';
import { type MessageChange, settle } from '../relay/settlement.ts';
import type { Tx } from './database.ts';
import {
  addEvents,
  countReturns,
  type EventReport,
  forgetItems,
  loadQueues,
  mailSenders,
  saveQueues,
} from './mail-rows.ts';
import { deleteEntries, saveSettled, WAITING_MAIL, withoutReturn } from './waiting-rows.ts';

const EVENTS: Readonly<Partial<Record<MessageChange, MailEvent['event']>>> = {
  held: 'held',
  released: 'released',
  returned: 'returned',
};

export async function settleQueue(tx: Tx, settled: SettledDevice, now: number): Promise<DeviceId[]> {
  const { device, denial, notice } = settled;
  const queue = (await loadQueues(tx, [device])).get(device);
  if (!queue) return [];
  const rows = await tx
    .selectFrom('mail_entries')
    .select(['device_id', 'seq', 'mail', 'bytes', 'expires_at', 'holding_order', 'due'])
    .where('device_id', '=', device)
    .where('mail', 'is not', null)
    .orderBy('seq')
    .execute();
  const applied = await withoutReturn(tx, device, { gate: queue.gate, denial });
  const { gate, changes } = settle(
    applied.gate,
    applied.denial,
    rows.map(({ seq, holding_order, due }) => ({ seq, keep: false, heldBy: holding_order, deliverable: due === 1 })),
  );
  if (gate !== queue.gate) await saveQueues(tx, [{ ...queue, gate }]);
  if (changes.length === 0) return [];
  const sent = await mailSenders(
    tx,
    rows.map(({ mail }) => mail),
  );
  const bySeq = new Map(changes.map(({ seq, change }) => [seq, change]));
  const reports: EventReport[] = [];
  for (const { seq, mail, bytes } of rows) {
    const change = bySeq.get(seq);
    const event = change && EVENTS[change];
    const found = sent.get(mail ?? 0);
    if (!event || !found) continue;
    const because = event === 'released' ? null : notice;
    reports.push({ to: found.to, event: { id: found.id, device, event, denial: because }, bytes });
  }
  const expiries = new Map(rows.map(({ seq, expires_at }) => [seq, expires_at]));
  await saveSettled(
    tx,
    WAITING_MAIL,
    device,
    changes.flatMap(({ seq, change }) => {
      if (change === 'returned') return [];
      const heldBy = change === 'held' ? (denial?.order ?? null) : null;
      // The later of two expiries is kept, because a legal hold may already have extended it.
      const expiresAt = Math.max(expiries.get(seq) ?? 0, change === 'released' ? now + MAIL_KEPT_FOR : 0);
      return [{ seq, heldBy, due: change === 'deliverable', expiresAt }];
    }),
  );
  const returned = rows.filter(({ seq }) => bySeq.get(seq) === 'returned');
  if (returned.length > 0) {
    await deleteEntries(tx, WAITING_MAIL, device, returned);
    await countReturns(tx, returned, now);
    await forgetItems(tx, returned);
  }
  return addEvents(tx, reports, now);
}
