import { sql } from 'kysely';
import { createBatcher } from '../../shared/loops/batcher.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type {
  DeliveryReport,
  Enrollment,
  MailboxCounters,
  MailboxFigures,
  MailboxItem,
  MailboxPage,
  MailboxStore as MailboxPort,
  MailboxQuery,
  SettledDevice,
} from '../relay/ports.ts';
import { tableOf } from './bulk.ts';
import type { Database, Tx } from './database.ts';
import {
  addDeliveryReports,
  type DeletedEntry,
  deliveryReportsOf,
  forgetEntries,
  releasePosts,
  totalsOf,
} from './mailbox-rows.ts';
import { settleMailbox } from './mailbox-settlement.ts';
import { DEVICES_UNDER_LEGAL_HOLD } from './under-legal-hold.ts';

/** Maximum number of entries that expire in one transaction. Other writes run between two transactions. */
const SLICE = 500;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

interface Acknowledgment extends Enrollment {
  readonly through: number;
  readonly now: number;
  reported: readonly DeviceId[];
}

interface Row {
  readonly question: number;
  readonly seq: number;
  readonly delivery_report: string | null;
  readonly bytes: number;
  readonly last_seq: number;
  readonly post_id: string | null;
  readonly sender: string | null;
  readonly generation: number | null;
  readonly at: number | null;
  readonly body: string | null;
}

export class MailboxStore implements MailboxPort {
  readonly #database: Database;
  readonly #acknowledge: (acknowledgment: Acknowledgment) => Promise<void>;
  readonly #page = createBatcher((queries: readonly MailboxQuery[]) => this.#readPages(queries), { most: 64 });

  constructor(database: Database) {
    this.#database = database;
    this.#acknowledge = database.grouped(acknowledgeAll);
  }

  async counters({ device, generation }: Enrollment): Promise<MailboxCounters> {
    const row = await this.#database.db
      .selectFrom('mailboxes')
      .select(['acknowledged', 'posts'])
      .where('device_id', '=', device)
      .where('generation', '=', generation)
      .executeTakeFirst();
    return row ?? { acknowledged: 0, posts: 0 };
  }

  async read(query: MailboxQuery): Promise<MailboxPage> {
    return (await this.#page(query)) ?? { entries: [], more: false };
  }

  async #readPages(queries: readonly MailboxQuery[]): Promise<Map<MailboxQuery, MailboxPage>> {
    const questions = tableOf(
      ['bigint', 'text', 'bigint', 'bigint', 'bigint', 'bigint', 'bigint', 'bigint'],
      queries.map(({ device, generation, after, entries, bytes, dueOnly, now }, index) => [
        index,
        device,
        generation,
        after,
        entries,
        bytes,
        dueOnly ? 1 : 0,
        now,
      ]),
    );
    // The query reads a range of sequence numbers, so that the database reads no more of the index than the page needs.
    const { rows } = await sql<Row>`
      select r.question, r.seq, r.delivery_report, r.bytes, r.last_seq, p.post_id, p.device_id as sender, p.generation, p.at, p.body
      from (
        select v.column1 as question, v.column6 as room, e.seq, e.post, e.delivery_report, e.bytes, m.last_seq,
          sum(e.bytes) over (partition by v.column1 order by e.seq) as running
        from ${questions} as v cross join mailboxes m cross join mailbox_entries e
        where m.device_id = v.column2 and m.generation = v.column3
          and e.device_id = v.column2 and e.seq > v.column4 and e.expires_at > v.column8
          and (v.column7 = 0 or e.seq < coalesce(
            (select min(h.seq) from mailbox_entries h
              where h.device_id = v.column2 and h.post is not null and h.due = 0), e.seq + 1))
          and e.seq < v.column5 + (
            select min(n.seq) from mailbox_entries n
            where n.device_id = v.column2 and n.seq > v.column4 and n.expires_at > v.column8)
      ) as r left join posts p on p.id = r.post
      where r.running - r.bytes < r.room
      order by r.question, r.seq`.execute(this.#database.db);
    const pages = new Map<MailboxQuery, MailboxPage>();
    for (const [question, all] of Map.groupBy(rows, (row) => row.question)) {
      const request = queries[question];
      const last = all.at(-1);
      if (!request || !last) continue;
      const entries = all.map((row) => ({ seq: row.seq, bytes: row.bytes, item: itemOf(row) }));
      pages.set(request, { entries, more: last.seq < last.last_seq });
    }
    return pages;
  }

  async acknowledge(enrollment: Enrollment, through: number, now: number): Promise<readonly DeviceId[]> {
    const acknowledgment: Acknowledgment = { ...enrollment, through, now, reported: [] };
    await this.#acknowledge(acknowledgment);
    return acknowledgment.reported;
  }

  settle(verdicts: readonly Pick<SettledDevice, 'device' | 'denial'>[], now: number): Promise<readonly DeviceId[]> {
    return this.#database.transaction(async (tx) => {
      const reported = new Set<DeviceId>();
      for (const { device, denial } of verdicts) {
        for (const sender of await settleMailbox(tx, device, denial, now)) reported.add(sender);
      }
      return [...reported];
    });
  }

  async waitingAmong(devices: readonly DeviceId[]): Promise<{ device: DeviceId; denied: boolean }[]> {
    const { rows } = await sql<{ device_id: string; denied: number }>`
      select m.device_id, case when m.gate <> 'open' or exists (
        select 1 from mailbox_entries e where e.device_id = m.device_id and e.holding_order is not null) then 1 else 0 end as denied
      from ${tableOf(
        ['text'],
        devices.map((device) => [device]),
      )} as v cross join mailboxes m
      where m.device_id = v.column1 and (m.entries > 0 or m.gate <> 'open')`.execute(this.#database.db);
    return rows.map(({ device_id, denied }) => ({ device: deviceIdSchema.parse(device_id), denied: denied === 1 }));
  }

  async denied(): Promise<DeviceId[]> {
    const { rows } = await sql<{ device_id: string }>`
      select device_id from mailboxes where gate <> 'open'
      union select device_id from mailbox_entries where holding_order is not null`.execute(this.#database.db);
    return rows.map(({ device_id }) => deviceIdSchema.parse(device_id));
  }

  expire(now: number): Promise<{ readonly senders: readonly DeviceId[]; readonly more: boolean }> {
    return this.#database.transaction(async (tx) => {
      // A legal hold keeps the expired entry until the device connects. The store checks the entry again a day later.
      await sql`update mailbox_entries set expires_at = ${now + DAY}
        where expires_at <= ${now} and device_id in ${DEVICES_UNDER_LEGAL_HOLD}`.execute(tx);
      // Extends the expiry of messages that an order holds, unless the sender requested an earlier expiry. Starts an hour before the
      // expiry, so that no message expires just when the order ends.
      await sql`update mailbox_entries set expires_at = coalesce(
          (select p.expires_at from posts p where p.id = mailbox_entries.post and p.expires_at < ${now + DAY}), ${now + DAY})
        where expires_at <= ${now + HOUR} and holding_order is not null and not exists (
          select 1 from posts p where p.id = mailbox_entries.post and p.expires_at <= mailbox_entries.expires_at)`.execute(
        tx,
      );
      const slice = tx
        .selectFrom('mailbox_entries')
        .select(['device_id', 'seq'])
        .where('expires_at', '<=', now)
        .orderBy('expires_at')
        .limit(SLICE);
      const { rows } = await sql<DeletedEntry>`
        delete from mailbox_entries where (device_id, seq) in (${slice}) returning device_id, post, bytes`.execute(tx);
      const reports = await deliveryReportsOf(tx, rows, 'expired', null, now);
      await forgetEntries(tx, rows);
      return { senders: await addDeliveryReports(tx, reports), more: rows.length === SLICE };
    });
  }

  async figures(): Promise<MailboxFigures> {
    const { db } = this.#database;
    const { rows } = await sql<{ entries: number | null; bytes: number | null; held: number }>`
      select sum(entries) as entries, sum(bytes) as bytes,
        (select count(*) from mailbox_entries where holding_order is not null) as held
      from mailboxes`.execute(db);
    const [row] = rows;
    return { entries: Number(row?.entries ?? 0), bytes: Number(row?.bytes ?? 0), held: Number(row?.held ?? 0) };
  }
}

function itemOf(row: Row): MailboxItem {
  if (row.delivery_report !== null) {
    const report: DeliveryReport = JSON.parse(row.delivery_report);
    return report;
  }
  const { post_id: id, sender, generation, at, body } = row;
  if (id === null || sender === null || generation === null || at === null || body === null) {
    throw new Error(`entry ${row.seq} of a mailbox has no post`);
  }
  return { type: 'post', id, from: deviceIdSchema.parse(sender), generation, at, body };
}

async function acknowledgeAll(tx: Tx, acknowledgments: readonly Acknowledgment[]): Promise<void> {
  const furthest = new Map<string, Acknowledgment>();
  for (const acknowledgment of acknowledgments) {
    acknowledgment.reported = [];
    const key = `${acknowledgment.device} ${acknowledgment.generation}`;
    if ((furthest.get(key)?.through ?? 0) < acknowledgment.through) furthest.set(key, acknowledgment);
  }
  const requested = tableOf(
    ['text', 'bigint', 'bigint'],
    [...furthest.values()].map(({ device, generation, through }) => [device, generation, through]),
  );
  const { rows } = await sql<DeletedEntry & { holding_order: string | null }>`
    delete from mailbox_entries where (device_id, seq) in (
      select e.device_id, e.seq from ${requested} as v cross join mailboxes m cross join mailbox_entries e
      where m.device_id = v.column1 and m.generation = v.column2 and e.device_id = v.column1 and e.seq <= v.column3)
    returning device_id, post, bytes, holding_order`.execute(tx);
  const totals = totalsOf(rows);
  const acknowledged = tableOf(
    ['text', 'bigint', 'bigint', 'bigint', 'bigint', 'bigint'],
    [...furthest.values()].map(({ device, generation, through }) => {
      const total = totals.get(device);
      return [device, generation, through, total?.posts ?? 0, total?.bytes ?? 0, total?.reports ?? 0];
    }),
  );
  await sql`update mailboxes set acknowledged = case when v.column3 > last_seq then last_seq else v.column3 end,
      entries = entries - v.column4, bytes = bytes - v.column5, delivery_reports = delivery_reports - v.column6
    from ${acknowledged} as v where device_id = v.column1 and generation = v.column2 and acknowledged < v.column3`.execute(
    tx,
  );
  // An order took effect while the device received the message. The sender has a report that the message is held, and now gets a report
  // that the device received it.
  const heldEntries = rows.filter(({ holding_order }) => holding_order !== null);
  const [first] = acknowledgments;
  const reports =
    heldEntries.length > 0 && first ? await deliveryReportsOf(tx, heldEntries, 'released', null, first.now) : [];
  await releasePosts(tx, rows);
  const reported = await addDeliveryReports(tx, reports);
  if (first) first.reported = reported;
}
