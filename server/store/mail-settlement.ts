/**
 * Holds, releases or returns the waiting mails of a device after orders began or ceased to suspend its mail (rules in
 * `server/relay/settlement.ts`). Tells the senders.
 */
import { sql } from 'kysely';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { MailEvent } from '../../shared/protocol/mail-http.ts';
import { MAIL_KEPT_FOR } from '../mail/acceptance.ts';
import type { SettledDevice } from '../relay/ports.ts';
import { type MessageChange, settle } from '../relay/settlement.ts';
import { tableOf } from './bulk.ts';
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
import { isUnderLegalHold } from './under-legal-hold.ts';

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
  const returns = queue.gate === 'return' || denial?.rule === 'return';
  // Under a legal hold, the server holds mail that an order would otherwise return.
  const instead = returns && (await isUnderLegalHold(tx, device));
  const { gate, changes } = settle(
    instead && queue.gate === 'return' ? 'hold' : queue.gate,
    instead && denial?.rule === 'return' ? { ...denial, rule: 'hold' } : denial,
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
  const changed = changes.filter(({ change }) => change !== 'returned');
  if (changed.length > 0) {
    const states = tableOf(
      ['bigint', 'text', 'bigint', 'bigint'],
      changed.map(({ seq, change }) => [
        seq,
        change === 'held' ? (denial?.order ?? null) : null,
        change === 'deliverable' ? 1 : 0,
        // Keeps the later expiry, because a legal hold may already have extended it.
        Math.max(expiries.get(seq) ?? 0, change === 'released' ? now + MAIL_KEPT_FOR : 0),
      ]),
    );
    await sql`update mail_entries set holding_order = v.column2, due = v.column3, expires_at = v.column4 from ${states} as v
      where device_id = ${device} and seq = v.column1`.execute(tx);
  }
  const returned = rows.filter(({ seq }) => bySeq.get(seq) === 'returned');
  if (returned.length > 0) {
    const seqs = tableOf(
      ['bigint'],
      returned.map(({ seq }) => [seq]),
    );
    await sql`delete from mail_entries where device_id = ${device} and seq in (select column1 from ${seqs} as v)`.execute(
      tx,
    );
    await countReturns(tx, returned, now);
    await forgetItems(tx, returned);
  }
  return addEvents(tx, reports, now);
}
