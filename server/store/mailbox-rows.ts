import { sql } from 'kysely';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { Mailbox } from '../relay/placement.ts';
import type { DeliveryReport, Enrollment } from '../relay/ports.ts';
import { KEPT_FOR } from '../relay/posts.ts';
import { insertOf, tableOf } from './bulk.ts';
import type { Tx } from './database.ts';
import type { Schema } from './schema.ts';

/** Maximum number of delivery reports in one mailbox. A sender that never fetches its reports is thus limited. */
export const MOST_DELIVERY_REPORTS = 10_000;

type Counters = Omit<Schema['mailboxes'], 'device_id' | 'generation'>;

/** Mailboxes of active devices. A device without a row has an empty mailbox. */
export async function loadMailboxes(tx: Tx, devices: Iterable<DeviceId>): Promise<Map<DeviceId, Mailbox>> {
  const wanted = [...new Set(devices)];
  const requested = tableOf(
    ['text', 'bigint'],
    wanted.map((device, number) => [device, number]),
  );
  const { rows } = await sql<{ number: number; generation: number } & { [K in keyof Counters]: Counters[K] | null }>`
    select v.column2 as number, d.generation,
      m.last_seq, m.acknowledged, m.posts, m.entries, m.bytes, m.delivery_reports, m.gate
    from ${requested} as v cross join devices d
      left join mailboxes m on m.device_id = d.id and m.generation = d.generation
    where d.id = v.column1 and d.status = 'active'`.execute(tx);
  const mailboxes = new Map<DeviceId, Mailbox>();
  for (const row of rows) {
    const device = wanted[row.number];
    if (device === undefined) throw new Error('a mailbox was read that was not requested');
    mailboxes.set(device, {
      device,
      generation: row.generation,
      lastSeq: row.last_seq ?? 0,
      acknowledged: row.acknowledged ?? 0,
      posts: row.posts ?? 0,
      entries: row.entries ?? 0,
      bytes: row.bytes ?? 0,
      deliveryReports: row.delivery_reports ?? 0,
      gate: row.gate ?? 'open',
    });
  }
  return mailboxes;
}

export async function saveMailboxes(tx: Tx, mailboxes: readonly Mailbox[]): Promise<void> {
  if (mailboxes.length === 0) return;
  const rows = insertOf(
    'mailboxes',
    {
      device_id: 'text',
      generation: 'bigint',
      last_seq: 'bigint',
      acknowledged: 'bigint',
      posts: 'bigint',
      entries: 'bigint',
      bytes: 'bigint',
      delivery_reports: 'bigint',
      gate: 'text',
    },
    mailboxes.map(({ device, generation, lastSeq, acknowledged, posts, entries, bytes, deliveryReports, gate }) => [
      device,
      generation,
      lastSeq,
      acknowledged,
      posts,
      entries,
      bytes,
      deliveryReports,
      gate,
    ]),
  );
  await sql`${rows} on conflict (device_id) do update set
    generation = excluded.generation, last_seq = excluded.last_seq, acknowledged = excluded.acknowledged, posts = excluded.posts,
    entries = excluded.entries, bytes = excluded.bytes, delivery_reports = excluded.delivery_reports, gate = excluded.gate`.execute(
    tx,
  );
}

export interface DeletedEntry {
  readonly device_id: string;
  readonly post: number | null;
  readonly bytes: number;
}

export interface Total {
  /** Number of messages, their total bytes, and number of delivery reports. */
  posts: number;
  bytes: number;
  reports: number;
}

/** Totals of mailbox entries by device. */
export function totalsOf(entries: readonly DeletedEntry[]): Map<string, Total> {
  const totals = new Map<string, Total>();
  for (const { device_id, post, bytes } of entries) {
    const total = totals.get(device_id) ?? { posts: 0, bytes: 0, reports: 0 };
    totals.set(device_id, total);
    if (post === null) total.reports += 1;
    else {
      total.posts += 1;
      total.bytes += bytes;
    }
  }
  return totals;
}

/** Updates the mailboxes' counters after a deletion, and deletes messages that no mailbox needs any more. */
export async function forgetEntries(tx: Tx, deleted: readonly DeletedEntry[]): Promise<void> {
  if (deleted.length === 0) return;
  const less = tableOf(
    ['text', 'bigint', 'bigint', 'bigint'],
    [...totalsOf(deleted)].map(([device, { posts, bytes, reports }]) => [device, posts, bytes, reports]),
  );
  await sql`update mailboxes set
      entries = entries - v.column2, bytes = bytes - v.column3, delivery_reports = delivery_reports - v.column4
    from ${less} as v where device_id = v.column1`.execute(tx);
  await releasePosts(tx, deleted);
}

/** Deletes the messages whose last mailbox entries were deleted. */
export async function releasePosts(tx: Tx, deleted: readonly DeletedEntry[]): Promise<void> {
  const counts = new Map<number, number>();
  for (const { post } of deleted) if (post !== null) counts.set(post, (counts.get(post) ?? 0) + 1);
  if (counts.size === 0) return;
  const released = tableOf(['bigint', 'bigint'], [...counts]);
  const { numAffectedRows } = await sql`delete from posts where id in (
    select p.id from ${released} as v cross join posts p where p.id = v.column1 and p.entries <= v.column2)`.execute(
    tx,
  );
  if (Number(numAffectedRows) === counts.size) return;
  await sql`update posts set entries = entries - v.column2 from ${released} as v where id = v.column1`.execute(tx);
}

export interface AddressedReport {
  readonly to: Enrollment;
  readonly report: DeliveryReport;
}

/**
 * Adds delivery reports to the senders' mailboxes, except for senders whose enrollment has ended. Returns the devices that received a
 * report.
 */
export async function addDeliveryReports(tx: Tx, reports: readonly AddressedReport[]): Promise<DeviceId[]> {
  if (reports.length === 0) return [];
  const mailboxes = await loadMailboxes(
    tx,
    reports.map(({ to }) => to.device),
  );
  const rows: (string | number)[][] = [];
  const changed = new Map<DeviceId, Mailbox>();
  for (const { to, report } of reports) {
    const mailbox = mailboxes.get(to.device);
    if (mailbox?.generation !== to.generation || mailbox.deliveryReports >= MOST_DELIVERY_REPORTS) continue;
    mailbox.lastSeq += 1;
    mailbox.deliveryReports += 1;
    changed.set(to.device, mailbox);
    rows.push([to.device, mailbox.lastSeq, JSON.stringify(report), 0, report.at + KEPT_FOR, 0]);
  }
  if (rows.length === 0) return [];
  const columns = { device_id: 'text', seq: 'bigint', delivery_report: 'text', bytes: 'bigint' } as const;
  await insertOf('mailbox_entries', { ...columns, expires_at: 'bigint', due: 'bigint' }, rows).execute(tx);
  await saveMailboxes(tx, [...changed.values()]);
  return [...changed.keys()];
}

/**
 * Deletes a device's mailbox, and reports the waiting messages to their senders as returned. Call this inside the transaction that ends the
 * device's enrollment.
 */
export async function purgeMailbox(tx: Tx, device: DeviceId, at: number): Promise<void> {
  const deleted = await tx
    .deleteFrom('mailbox_entries')
    .where('device_id', '=', device)
    .returning(['device_id', 'post', 'bytes'])
    .execute();
  await tx.deleteFrom('mailboxes').where('device_id', '=', device).execute();
  if (deleted.length === 0) return;
  const posts = await sendersOf(tx, deleted);
  await forgetEntries(tx, deleted);
  await addDeliveryReports(
    tx,
    posts.map(({ to, id }) => ({
      to,
      report: { type: 'delivery-report', id, device, status: 'returned', order: null, at },
    })),
  );
}

export interface Sent {
  readonly post: number;
  readonly to: Enrollment;
  readonly id: string;
  readonly keep: boolean;
  readonly expires: number | null;
}

/** Messages of mailbox entries with their senders, in the order of `entries`. */
export async function sendersOf(tx: Tx, entries: readonly { readonly post: number | null }[]): Promise<Sent[]> {
  const requested = tableOf(
    ['bigint'],
    entries.filter(({ post }) => post !== null).map(({ post }) => [post]),
  );
  const { rows } = await sql<
    Pick<Schema['posts'], 'device_id' | 'generation' | 'post_id' | 'keep' | 'expires_at'> & { id: number }
  >`
    select p.id, p.device_id, p.generation, p.post_id, p.keep, p.expires_at from ${requested} as v cross join posts p
    where p.id = v.column1`.execute(tx);
  const known = new Map(
    rows.map(({ id: post, device_id, generation, post_id, keep, expires_at: expires }) => [
      post,
      { post, to: { device: deviceIdSchema.parse(device_id), generation }, id: post_id, keep: keep === 1, expires },
    ]),
  );
  return entries.flatMap(({ post }) => (post === null ? [] : (known.get(post) ?? [])));
}

/** Returns delivery reports to the senders of messages whose mailbox entries were deleted. */
export async function deliveryReportsOf(
  tx: Tx,
  deleted: readonly DeletedEntry[],
  status: DeliveryReport['status'],
  order: string | null,
  at: number,
): Promise<AddressedReport[]> {
  const posts = new Map((await sendersOf(tx, deleted)).map((sent) => [sent.post, sent]));
  return deleted.flatMap(({ device_id, post }): AddressedReport[] => {
    const sent = post === null ? undefined : posts.get(post);
    if (!sent) return [];
    const device = deviceIdSchema.parse(device_id);
    return [{ to: sent.to, report: { type: 'delivery-report', id: sent.id, device, status, order, at } }];
  });
}
