/** Queues of mail, and of events about sent mail. */
import { sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import { type MailQueueItem, mailQueueItemSchema } from '../../shared/protocol/mail-http.ts';
import type { MailFigures, MailQueuePage, MailQueueQuery, MailQueueStore as Port } from '../mail/ports.ts';
import type { Enrollment, SettledDevice } from '../relay/ports.ts';
import { tableOf } from './bulk.ts';
import type { Database, Tx } from './database.ts';
import { addEvents, type DeletedItem, eventsOf, forgetItems } from './mail-rows.ts';
import { settleQueue } from './mail-settlement.ts';
import { DEVICES_UNDER_LEGAL_HOLD } from './under-legal-hold.ts';

/** Maximum number of items that expire in one transaction. Other writes run between two transactions. */
const SLICE = 100;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Maximum jump of a queue's numbers after a restore. A larger jump can only be an error of the device. */
const MOST_AHEAD = 1_000_000_000;

interface Acknowledgment extends Enrollment {
  readonly through: number;
  readonly now: number;
  reported: readonly DeviceId[];
}

interface Row {
  readonly seq: number;
  readonly at: number;
  readonly event: string | null;
  readonly body: string | null;
}

export class MailQueueStore implements Port {
  readonly #database: Database;
  readonly #acknowledge: (acknowledgment: Acknowledgment) => Promise<void>;
  readonly #offer: (offer: Enrollment & { readonly through: number }) => Promise<void>;

  constructor(database: Database) {
    this.#database = database;
    this.#acknowledge = database.grouped(async (tx, all) => {
      for (const one of all) one.reported = await acknowledge(tx, one);
    });
    this.#offer = database.grouped(async (tx, all) => {
      for (const { device, generation, through } of all) {
        await tx
          .updateTable('mail_queues')
          .set({ offered: through })
          .where('device_id', '=', device)
          .where('generation', '=', generation)
          .where('offered', '<', through)
          .execute();
      }
    });
  }

  async read(query: MailQueueQuery): Promise<MailQueuePage> {
    const { device, generation, after } = query;
    if (after > ((await this.#counters(query))?.offered ?? 0)) await this.#continueAfter(query, after);
    const queue = await this.#counters(query);
    if (!queue) return { items: [], more: false };
    const rows = await this.#rows(query);
    const last = rows.at(-1);
    if (!last) return { items: [], more: false };
    // The highest number must be durable before the device sees the item. Otherwise, after a crash, an acknowledgment could cover an item
    // that was never sent.
    if (last.seq > queue.offered) await this.#offer({ device, generation, through: last.seq });
    return { items: rows.map(itemOf), more: last.seq < queue.last_seq };
  }

  async #counters({ device, generation }: Enrollment) {
    return this.#database.db
      .selectFrom('mail_queues')
      .select(['offered', 'last_seq'])
      .where('device_id', '=', device)
      .where('generation', '=', generation)
      .executeTakeFirst();
  }

  async #rows({ device, generation, after, items, bytes, dueOnly, now }: MailQueueQuery): Promise<Row[]> {
    const { rows } = await sql<Row>`
      select r.seq, r.at, r.event, r.body from (
        select e.seq, e.at, e.event, m.body,
          sum(coalesce(length(m.body), length(e.event))) over (order by e.seq) - coalesce(length(m.body), length(e.event)) as before
        from mail_queues q cross join mail_entries e left join mails m on m.id = e.mail
        where q.device_id = ${device} and q.generation = ${generation}
          and e.device_id = ${device} and e.seq > ${after} and e.expires_at > ${now}
          and (${dueOnly ? 0 : 1} = 1 or e.seq < coalesce((select min(h.seq) from mail_entries h
            where h.device_id = ${device} and h.mail is not null and h.due = 0), e.seq + 1))
        order by e.seq limit ${items}
      ) as r where r.before < ${bytes} order by r.seq`.execute(this.#database.db);
    return rows;
  }

  /** Renumbers the waiting items of a restored store, so that the device does not skip them. */
  #continueAfter({ device, generation }: Enrollment, after: number): Promise<void> {
    return this.#database.transaction(async (tx) => {
      const queue = await tx
        .selectFrom('mail_queues')
        .select(['offered', 'last_seq'])
        .where('device_id', '=', device)
        .where('generation', '=', generation)
        .executeTakeFirst();
      const { offered, last_seq } = queue ?? { offered: 0, last_seq: 0 };
      if (after <= offered) return;
      if (after > last_seq + MOST_AHEAD) {
        throw new CordonError('invalid_input', 'The number in `after` was never the number of an item of this queue.');
      }
      const shift = Math.max(after, last_seq);
      await sql`update mail_entries set seq = seq + ${sql.lit(shift)} where device_id = ${device}`.execute(tx);
      const columns = { last_seq: last_seq + shift, offered: after, acknowledged: after };
      await tx
        .insertInto('mail_queues')
        .values({ device_id: device, generation, ...columns, entries: 0, bytes: 0, events: 0, gate: 'open' })
        .onConflict((conflict) => conflict.column('device_id').doUpdateSet(columns))
        .execute();
    });
  }

  async acknowledge(enrollment: Enrollment, through: number, now: number): Promise<readonly DeviceId[]> {
    const acknowledgment: Acknowledgment = { ...enrollment, through, now, reported: [] };
    await this.#acknowledge(acknowledgment);
    return acknowledgment.reported;
  }

  settle(devices: readonly SettledDevice[], now: number): Promise<readonly DeviceId[]> {
    return this.#database.transaction(async (tx) => {
      const reported = new Set<DeviceId>();
      for (const one of devices) for (const sender of await settleQueue(tx, one, now)) reported.add(sender);
      return [...reported];
    });
  }

  async waitingAmong(devices: readonly DeviceId[]): Promise<{ device: DeviceId; denied: boolean }[]> {
    const { rows } = await sql<{ device_id: string; denied: number }>`
      select q.device_id, case when q.gate <> 'open' or exists (
        select 1 from mail_entries e where e.device_id = q.device_id and e.holding_order is not null) then 1 else 0 end as denied
      from ${tableOf(
        ['text'],
        devices.map((device) => [device]),
      )} as v cross join mail_queues q
      where q.device_id = v.column1 and (q.entries > 0 or q.gate <> 'open')`.execute(this.#database.db);
    return rows.map(({ device_id, denied }) => ({ device: deviceIdSchema.parse(device_id), denied: denied === 1 }));
  }

  async denied(): Promise<DeviceId[]> {
    const { rows } = await sql<{ device_id: string }>`
      select device_id from mail_queues where gate <> 'open'
      union select device_id from mail_entries where holding_order is not null`.execute(this.#database.db);
    return rows.map(({ device_id }) => deviceIdSchema.parse(device_id));
  }

  expire(now: number): Promise<{ readonly senders: readonly DeviceId[]; readonly more: boolean }> {
    return this.#database.transaction(async (tx) => {
      // A legal hold keeps an expired item. The store checks the item again a day later.
      await sql`update mail_entries set expires_at = ${now + DAY}
        where expires_at <= ${now} and device_id in ${DEVICES_UNDER_LEGAL_HOLD}`.execute(tx);
      // Extends the expiry of held mail, starting an hour before the expiry. Mail therefore cannot expire just when the order ends.
      await sql`update mail_entries set expires_at = ${now + DAY}
        where expires_at <= ${now + HOUR} and holding_order is not null`.execute(tx);
      const slice = tx
        .selectFrom('mail_entries')
        .select(['device_id', 'seq'])
        .where('expires_at', '<=', now)
        .orderBy('expires_at')
        .limit(SLICE);
      const { rows } = await sql<DeletedItem>`
        delete from mail_entries where (device_id, seq) in (${slice}) returning device_id, mail, bytes`.execute(tx);
      const reports = await eventsOf(tx, rows, 'expired');
      await forgetItems(tx, rows);
      return { senders: await addEvents(tx, reports, now), more: rows.length === SLICE };
    });
  }

  async figures(): Promise<MailFigures> {
    const { rows } = await sql<{ [K in keyof MailFigures]: number | null }>`
      select sum(entries) as entries, sum(bytes) as bytes,
        (select count(*) from mail_entries where holding_order is not null) as held,
        (select sum(bytes) from mail_entries where holding_order is not null) as "heldBytes",
        (select sum(mails) from mail_returns) as returned,
        (select sum(bytes) from mail_returns) as "returnedBytes"
      from mail_queues`.execute(this.#database.db);
    const [row] = rows;
    const figure = (name: keyof MailFigures) => Number(row?.[name] ?? 0);
    return {
      entries: figure('entries'),
      bytes: figure('bytes'),
      held: figure('held'),
      heldBytes: figure('heldBytes'),
      returned: figure('returned'),
      returnedBytes: figure('returnedBytes'),
    };
  }
}

function itemOf({ seq, at, event, body }: Row): MailQueueItem {
  if (event !== null) return mailQueueItemSchema.parse({ type: 'event', seq, at, ...JSON.parse(event) });
  if (body === null) throw new Error(`item ${seq} of a mail queue has no mail`);
  return { type: 'mail', seq, at, mail: JSON.parse(body) };
}

async function acknowledge(tx: Tx, { device, generation, through, now }: Acknowledgment): Promise<DeviceId[]> {
  const queue = await tx
    .selectFrom('mail_queues')
    .select('offered')
    .where('device_id', '=', device)
    .where('generation', '=', generation)
    .executeTakeFirst();
  if (!queue) return [];
  const upTo = Math.min(through, queue.offered);
  const deleted = await tx
    .deleteFrom('mail_entries')
    .where('device_id', '=', device)
    .where('seq', '<=', upTo)
    .returning(['device_id', 'mail', 'bytes'])
    .execute();
  await tx
    .updateTable('mail_queues')
    .set({ acknowledged: upTo })
    .where('device_id', '=', device)
    .where('acknowledged', '<', upTo)
    .execute();
  if (deleted.length === 0) return [];
  const reports = await eventsOf(tx, deleted, 'delivered');
  await forgetItems(tx, deleted);
  return addEvents(tx, reports, now);
}
