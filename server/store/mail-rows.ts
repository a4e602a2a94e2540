import { sql } from 'kysely';
import type { DenialNotice } from '../../shared/protocol/frames.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { MailEvent } from '../../shared/protocol/mail-http.ts';
import { MAIL_KEPT_FOR } from '../mail/acceptance.ts';
import type { MailQueue } from '../mail/ports.ts';
import type { Enrollment } from '../relay/ports.ts';
import { insertOf, tableOf } from './bulk.ts';
import type { Tx } from './database.ts';
import type { Schema } from './schema.ts';

const DAY = 86_400_000;
/** Maximum number of events in one queue. It is high, because a mail connector gets the events of all inbound mail. */
const MOST_EVENTS = { device: 10_000, connector: 500_000 };

type Counters = Omit<Schema['mail_queues'], 'device_id' | 'generation'>;

/** Queues of active devices. A device without a row has an empty queue. */
export async function loadQueues(tx: Tx, devices: Iterable<DeviceId>): Promise<Map<DeviceId, MailQueue>> {
  const requested = tableOf(
    ['text'],
    [...new Set(devices)].map((device) => [device]),
  );
  const { rows } = await sql<
    { id: string; generation: number; connector: number | null } & { [K in keyof Counters]: Counters[K] | null }
  >`
    select d.id, d.generation, d.mail_connector as connector,
      q.last_seq, q.offered, q.acknowledged, q.entries, q.bytes, q.events, q.gate
    from ${requested} as v cross join devices d
      left join mail_queues q on q.device_id = d.id and q.generation = d.generation
    where d.id = v.column1 and d.status = 'active'`.execute(tx);
  return new Map(
    rows.map((row) => {
      const device = deviceIdSchema.parse(row.id);
      return [
        device,
        {
          device,
          generation: row.generation,
          lastSeq: row.last_seq ?? 0,
          offered: row.offered ?? 0,
          acknowledged: row.acknowledged ?? 0,
          entries: row.entries ?? 0,
          bytes: row.bytes ?? 0,
          events: row.events ?? 0,
          gate: row.gate ?? 'open',
          connector: row.connector === 1,
        },
      ];
    }),
  );
}

export async function saveQueues(tx: Tx, queues: readonly MailQueue[]): Promise<void> {
  if (queues.length === 0) return;
  const rows = insertOf(
    'mail_queues',
    {
      device_id: 'text',
      generation: 'bigint',
      last_seq: 'bigint',
      offered: 'bigint',
      acknowledged: 'bigint',
      entries: 'bigint',
      bytes: 'bigint',
      events: 'bigint',
      gate: 'text',
    },
    queues.map(({ device, generation, lastSeq, offered, acknowledged, entries, bytes, events, gate }) => [
      device,
      generation,
      lastSeq,
      offered,
      acknowledged,
      entries,
      bytes,
      events,
      gate,
    ]),
  );
  await sql`${rows} on conflict (device_id) do update set
    generation = excluded.generation, last_seq = excluded.last_seq, offered = excluded.offered,
    acknowledged = excluded.acknowledged, entries = excluded.entries, bytes = excluded.bytes, events = excluded.events,
    gate = excluded.gate`.execute(tx);
}

export interface DeletedItem {
  readonly device_id: string;
  readonly mail: number | null;
  readonly bytes: number;
}

/** Updates the queues' counters after a deletion, and deletes mails that no queue needs any more, with their pieces. */
export async function forgetItems(tx: Tx, deleted: readonly DeletedItem[]): Promise<void> {
  if (deleted.length === 0) return;
  const less = tableOf(
    ['text', 'bigint', 'bigint', 'bigint'],
    [...Map.groupBy(deleted, ({ device_id }) => device_id)].map(([device, items]) => {
      const mails = items.filter(({ mail }) => mail !== null);
      const bytes = mails.reduce((sum, one) => sum + one.bytes, 0);
      return [device, mails.length, bytes, items.length - mails.length];
    }),
  );
  await sql`update mail_queues set entries = entries - v.column2, bytes = bytes - v.column3, events = events - v.column4
    from ${less} as v where device_id = v.column1`.execute(tx);
  const counts = new Map<number, number>();
  for (const { mail } of deleted) if (mail !== null) counts.set(mail, (counts.get(mail) ?? 0) + 1);
  if (counts.size === 0) return;
  const released = tableOf(['bigint', 'bigint'], [...counts]);
  await sql`update mails set entries = entries - v.column2 from ${released} as v where id = v.column1`.execute(tx);
  const unused = sql`(select m.id from ${released} as v cross join mails m where m.id = v.column1 and m.entries <= 0)`;
  await sql`delete from mail_pieces where mail in ${unused}`.execute(tx);
  await sql`delete from mails where id in ${unused}`.execute(tx);
}

export interface SentMail {
  readonly mail: number;
  readonly to: Enrollment;
  readonly id: string;
}

/** Senders of mails, by the number of the mail. The caller must read them before it calls `forgetItems`. */
export async function mailSenders(tx: Tx, mails: Iterable<number | null>): Promise<Map<number, SentMail>> {
  const requested = tableOf(
    ['bigint'],
    [...new Set(mails)].filter((mail) => mail !== null).map((mail) => [mail]),
  );
  const { rows } = await sql<Pick<Schema['mails'], 'id' | 'device_id' | 'generation' | 'mail_id'>>`
    select m.id, m.device_id, m.generation, m.mail_id from ${requested} as v cross join mails m
    where m.id = v.column1`.execute(tx);
  return new Map(
    rows.map(({ id: mail, device_id, generation, mail_id: id }) => [
      mail,
      { mail, to: { device: deviceIdSchema.parse(device_id), generation }, id },
    ]),
  );
}

/** Form in which a queue stores an event. */
export type StoredEvent = Pick<MailEvent, 'id' | 'device' | 'event' | 'denial'>;

export interface EventReport {
  readonly to: Enrollment;
  readonly event: StoredEvent;
  readonly bytes: number;
}

/** Events for the senders of mails whose queue entries were deleted. The caller must read them before it calls `forgetItems`. */
export async function eventsOf(
  tx: Tx,
  deleted: readonly DeletedItem[],
  event: MailEvent['event'],
  denial: DenialNotice | null = null,
): Promise<EventReport[]> {
  const sent = await mailSenders(
    tx,
    deleted.map(({ mail }) => mail),
  );
  return deleted.flatMap(({ device_id, mail, bytes }): EventReport[] => {
    const found = mail === null ? undefined : sent.get(mail);
    if (!found) return [];
    return [{ to: found.to, event: { id: found.id, device: deviceIdSchema.parse(device_id), event, denial }, bytes }];
  });
}

/**
 * Adds events to the senders' queues, except for senders whose enrollment has ended. Returns the devices that received an event. The second
 * half of a queue is reserved for events to which the sender must react.
 */
export async function addEvents(tx: Tx, reports: readonly EventReport[], now: number): Promise<DeviceId[]> {
  if (reports.length === 0) return [];
  const queues = await loadQueues(
    tx,
    reports.map(({ to }) => to.device),
  );
  const rows: (string | number)[][] = [];
  const changed = new Map<DeviceId, MailQueue>();
  for (const { to, event, bytes } of reports) {
    const queue = queues.get(to.device);
    const most = MOST_EVENTS[queue?.connector ? 'connector' : 'device'];
    const isFailure = event.event === 'returned' || event.event === 'expired';
    if (queue?.generation !== to.generation || queue.events >= (isFailure ? most : most / 2)) continue;
    queue.lastSeq += 1;
    queue.events += 1;
    changed.set(to.device, queue);
    rows.push([to.device, queue.lastSeq, JSON.stringify(event), now, bytes, now + MAIL_KEPT_FOR, 0]);
  }
  if (rows.length === 0) return [];
  await insertOf(
    'mail_entries',
    {
      device_id: 'text',
      seq: 'bigint',
      event: 'text',
      at: 'bigint',
      bytes: 'bigint',
      expires_at: 'bigint',
      due: 'bigint',
    },
    rows,
  ).execute(tx);
  await saveQueues(tx, [...changed.values()]);
  return [...changed.keys()];
}

/** Counts returned mails for the console (`mail_returns`). */
export async function countReturns(tx: Tx, returned: readonly DeletedItem[], now: number): Promise<void> {
  const mails = returned.filter(({ mail }) => mail !== null);
  if (mails.length === 0) return;
  const bytes = mails.reduce((sum, one) => sum + one.bytes, 0);
  const row = insertOf('mail_returns', { day: 'bigint', mails: 'bigint', bytes: 'bigint' }, [
    [Math.floor(now / DAY), mails.length, bytes],
  ]);
  await sql`${row} on conflict (day) do update set mails = mail_returns.mails + excluded.mails,
    bytes = mail_returns.bytes + excluded.bytes`.execute(tx);
}

/**
 * Deletes a device's queue and mail key, and returns the waiting mails to their senders. Call this inside the transaction that ends the
 * device's enrollment.
 */
export async function purgeMailQueue(tx: Tx, device: DeviceId, at: number): Promise<void> {
  const deleted = await tx
    .deleteFrom('mail_entries')
    .where('device_id', '=', device)
    .returning(['device_id', 'mail', 'bytes'])
    .execute();
  await tx.deleteFrom('mail_queues').where('device_id', '=', device).execute();
  await tx.deleteFrom('mail_keys').where('device_id', '=', device).execute();
  if (deleted.length === 0) return;
  const reports = await eventsOf(tx, deleted, 'returned');
  await countReturns(tx, deleted, at);
  await forgetItems(tx, deleted);
  await addEvents(tx, reports, at);
}
