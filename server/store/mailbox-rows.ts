import { sql } from 'kysely';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { Mailbox } from '../relay/placement.ts';
import type { Enrollment, Fate } from '../relay/ports.ts';
import { KEPT_FOR } from '../relay/posts.ts';
import { insertOf, tableOf } from './bulk.ts';
import type { Tx } from './database.ts';
import type { Schema } from './schema.ts';

/** Maximum delivery reports in one mailbox. Limits a sender that never fetches its reports. */
export const MOST_FATES = 10_000;

type Counters = Omit<Schema['mailboxes'], 'device_id' | 'generation'>;

/** Mailboxes of active devices. A device without a row has an empty mailbox. */
export async function loadMailboxes(tx: Tx, devices: Iterable<DeviceId>): Promise<Map<DeviceId, Mailbox>> {
  const requested = tableOf(
    ['text'],
    [...new Set(devices)].map((device) => [device]),
  );
  const { rows } = await sql<{ id: string; generation: number } & { [K in keyof Counters]: Counters[K] | null }>`
    select d.id, d.generation, m.last_seq, m.acknowledged, m.posts, m.entries, m.bytes, m.delivery_reports, m.gate
    from ${requested} as v cross join devices d
      left join mailboxes m on m.device_id = d.id and m.generation = d.generation
    where d.id = v.column1 and d.status = 'active'`.execute(tx);
  return new Map(
    rows.map(({ id, generation, last_seq, acknowledged, posts, entries, bytes, delivery_reports, gate }) => {
      const device = deviceIdSchema.parse(id);
      const counters = { lastSeq: last_seq ?? 0, acknowledged: acknowledged ?? 0, posts: posts ?? 0 };
      const waiting = { entries: entries ?? 0, bytes: bytes ?? 0, fates: delivery_reports ?? 0, gate: gate ?? 'open' };
      return [device, { device, generation, ...counters, ...waiting } as const];
    }),
  );
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
    mailboxes.map(({ device, generation, lastSeq, acknowledged, posts, entries, bytes, fates, gate }) => [
      device,
      generation,
      lastSeq,
      acknowledged,
      posts,
      entries,
      bytes,
      fates,
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

/** Updates the mailboxes' counters after a deletion, and deletes messages that no mailbox needs any more. */
export async function forgetEntries(tx: Tx, deleted: readonly DeletedEntry[]): Promise<void> {
  if (deleted.length === 0) return;
  const byDevice = Map.groupBy(deleted, ({ device_id }) => device_id);
  const less = tableOf(
    ['text', 'bigint', 'bigint', 'bigint'],
    [...byDevice].map(([device, all]) => {
      const { posts, bytes, reports } = totalOf(all);
      return [device, posts, bytes, reports];
    }),
  );
  await sql`update mailboxes set
      entries = entries - v.column2, bytes = bytes - v.column3, delivery_reports = delivery_reports - v.column4
    from ${less} as v where device_id = v.column1`.execute(tx);
  await releasePosts(tx, deleted);
}

/** Number of messages with their total bytes, and number of delivery reports. */
export function totalOf(entries: readonly DeletedEntry[]): {
  readonly posts: number;
  readonly bytes: number;
  readonly reports: number;
} {
  const posts = entries.filter(({ post }) => post !== null);
  const bytes = posts.reduce((sum, entry) => sum + entry.bytes, 0);
  return { posts: posts.length, bytes, reports: entries.length - posts.length };
}

/** Deletes the messages whose last mailbox entries were deleted. */
export async function releasePosts(tx: Tx, deleted: readonly DeletedEntry[]): Promise<void> {
  const counts = new Map<number, number>();
  for (const { post } of deleted) if (post !== null) counts.set(post, (counts.get(post) ?? 0) + 1);
  if (counts.size === 0) return;
  const released = tableOf(['bigint', 'bigint'], [...counts]);
  const { numAffectedRows } = await sql`delete from posts where id in (
    select p.id from ${released} as v cross join posts p where p.id = v.column1 and p.entries <= v.column2)`.execute(tx);
  if (Number(numAffectedRows) === counts.size) return;
  await sql`update posts set entries = entries - v.column2 from ${released} as v where id = v.column1`.execute(tx);
}

export interface FateReport {
  readonly to: Enrollment;
  readonly fate: Fate;
}

/**
 * Adds delivery reports to the senders' mailboxes, except for senders whose enrollment has ended. Returns the devices that received a
 * report.
 */
export async function addFates(tx: Tx, reports: readonly FateReport[]): Promise<DeviceId[]> {
  if (reports.length === 0) return [];
  const mailboxes = await loadMailboxes(
    tx,
    reports.map(({ to }) => to.device),
  );
  const rows: (string | number)[][] = [];
  const changed = new Map<DeviceId, Mailbox>();
  for (const { to, fate } of reports) {
    const mailbox = mailboxes.get(to.device);
    if (mailbox?.generation !== to.generation || mailbox.fates >= MOST_FATES) continue;
    mailbox.lastSeq += 1;
    mailbox.fates += 1;
    changed.set(to.device, mailbox);
    rows.push([to.device, mailbox.lastSeq, JSON.stringify(fate), 0, fate.at + KEPT_FOR, 0]);
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
  await addFates(
    tx,
    posts.map(({ to, id }) => ({ to, fate: { type: 'fate', id, device, fate: 'returned', order: null, at } })),
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
export async function fatesOf(
  tx: Tx,
  deleted: readonly DeletedEntry[],
  fate: Fate['fate'],
  order: string | null,
  at: number,
): Promise<FateReport[]> {
  const posts = new Map((await sendersOf(tx, deleted)).map((sent) => [sent.post, sent]));
  return deleted.flatMap(({ device_id, post }): FateReport[] => {
    const sent = post === null ? undefined : posts.get(post);
    if (!sent) return [];
    const device = deviceIdSchema.parse(device_id);
    return [{ to: sent.to, fate: { type: 'fate', id: sent.id, device, fate, order, at } }];
  });
}
