/** Receipts of an order, read from an index that contains all needed columns. */
import { setImmediate as turn } from 'node:timers/promises';
import { sql } from 'kysely';
import { NOTICE_MOMENTS, type NoticeMoment } from '../../shared/order/documents.ts';
import type { NoticeCount } from '../../shared/order/notice-times.ts';
import { NO_REPORTS } from '../../shared/order/rollout.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { RolloutStore as Port, Reports } from '../orders/evidence/rollout.ts';
import { tableOf } from './bulk.ts';
import type { Database } from './database.ts';

const PAGE = 2_000;

export class RolloutStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async enforcedBy(order: string): Promise<DeviceId[]> {
    const found: DeviceId[] = [];
    for (let after: string | undefined = ''; after !== undefined; ) {
      const rows: { device_id: string }[] = await this.#database.db
        .selectFrom('receipts')
        // The cross join makes SQLite use the index's order, which is the page's order.
        .crossJoin('devices')
        .select('receipts.device_id')
        .distinct()
        .whereRef('devices.id', '=', 'receipts.device_id')
        .whereRef('devices.generation', '=', 'receipts.generation')
        .where('order_number', '=', order)
        .where('kind', '=', 'enforced')
        // The condition is a literal, so that the database can use the partial index with the same condition.
        .where(sql<boolean>`verified = 1`)
        .where('device_id', '>', after)
        .orderBy('device_id')
        .limit(PAGE)
        .execute();
      for (const { device_id } of rows) found.push(deviceIdSchema.parse(device_id));
      after = rows.length === PAGE ? rows.at(-1)?.device_id : undefined;
      await turn();
    }
    return found;
  }

  async noticed(
    order: string,
    revisions: readonly number[],
    inTime: ReadonlyMap<NoticeMoment, number>,
  ): Promise<Map<NoticeMoment, NoticeCount>> {
    const found = new Map<NoticeMoment, NoticeCount>();
    if (revisions.length === 0) return found;
    const { db } = this.#database;
    const until = [...inTime].map(([moment, at]) => sql`when ${moment} then cast(${at} as bigint)`);
    const late = sql`case when at > case notice ${sql.join(until, sql` `)} end then 1 else 0 end`;
    for (let after: string | null = ''; after !== null; ) {
      const last: { id: string } | undefined = await db
        .selectFrom('devices')
        .select('id')
        .where('id', '>', after)
        .orderBy('id')
        .offset(PAGE - 1)
        .limit(1)
        .executeTakeFirst();
      const { rows } = await sql<{ notice: string; kind: 'delivered' | 'displayed'; devices: number; late: number }>`
        select notice, kind, count(*) as devices, sum(${late}) as late from (
          select r.device_id, r.notice, r.kind, min(r.at) as at from receipts r cross join devices d
          where r.order_number = ${order} and r.device_id > ${after}
            and (cast(${last?.id ?? null} as text) is null or r.device_id <= ${last?.id ?? ''})
            and r.verified = 1 and r.notice is not null and r.revision in (${sql.join([...revisions])})
            and d.id = r.device_id and d.generation = r.generation and d.status = 'active'
          group by r.device_id, r.notice, r.kind
        ) as said group by notice, kind`.execute(db);
      for (const { notice, kind, devices, late } of rows) {
        const moment = momentOf(notice);
        if (!moment) continue;
        const before = found.get(moment) ?? { delivered: 0, displayed: 0, late: 0 };
        const more = kind === 'delivered' ? { late: before.late + Number(late) } : {};
        found.set(moment, { ...before, [kind]: before[kind] + Number(devices), ...more });
      }
      after = last?.id ?? null;
      await turn();
    }
    return found;
  }

  /**
   * Devices' receipts about one revision. A device sends one receipt when it has stored the revision, and another when it has displayed the
   * revision. For each service, the newest receipt decides. Times and revisions of a device only increase, so the newest receipt of each
   * kind has the highest values.
   */
  async reports(order: string, revision: number, devices: readonly DeviceId[]): Promise<Map<DeviceId, Reports>> {
    const requested = tableOf(
      ['text'],
      devices.map((device) => [device]),
    );
    const reportedAt = (kind: string) => sql`(
      select r.at from receipts r
      where r.order_number = ${order} and r.kind = ${sql.lit(kind)} and r.device_id = d.id
        and r.generation = d.generation and r.service is null and r.revision = ${revision} and r.verified = 1 limit 1
    )`;
    const { rows } = await sql<Row>`
      with mine as materialized (
        select d.id, d.generation from ${requested} as v cross join devices d where d.id = v.column1
      ), heard as materialized (
        select d.id, ${reportedAt('delivered')} as delivered, ${reportedAt('displayed')} as displayed from mine d
      ), of_service as (
        select r.device_id, r.service, max(r.at) as newest,
          max(case when r.kind = 'enforced' then r.at end) as closed_at,
          max(case when r.kind = 'enforced' then r.revision end) as closed_by,
          max(case when r.kind = 'restored' then r.at end) as opened_at,
          max(case when r.kind = 'restored' then r.revision end) as opened_by
        from mine d cross join receipts r
        where r.device_id = d.id and r.generation = d.generation
          and r.order_number = ${order} and r.kind in ('enforced', 'restored') and r.verified = 1
        group by r.device_id, r.service
      ), of_device as (
        select device_id, max(newest) as newest,
          max(case when closed_at > coalesce(opened_at, -1) or closed_at = opened_at and closed_by > opened_by
            then 1 else 0 end) as closed,
          max(case when closed_at <= opened_at then 1 else 0 end) as opened
        from of_service group by device_id
      )
      select h.id, h.delivered, h.displayed, g.newest, g.closed, g.opened
      from heard as h left join of_device as g on g.device_id = h.id
      where h.delivered is not null or h.displayed is not null or g.device_id is not null`.execute(this.#database.db);
    // The function reuses ids that the caller has parsed, because parsing them again would take most of the time.
    const known = new Map<string, DeviceId>(devices.map((device) => [device, device]));
    const found = new Map<DeviceId, Reports>();
    for (const { id, delivered, displayed: displayedAt, newest, closed, opened } of rows) {
      const device = known.get(id);
      if (device === undefined) continue;
      found.set(device, {
        delivered: delivered !== null,
        displayed: displayedAt !== null,
        closed: closed === 1,
        opened: opened === 1,
        refused: false,
        newest: Math.max(Number(delivered ?? 0), Number(displayedAt ?? 0), Number(newest ?? 0)),
      });
    }
    const undelivered = devices.filter((device) => found.get(device)?.delivered !== true);
    for (const device of await this.#refused(order, undelivered)) {
      found.set(device, { ...(found.get(device) ?? { ...NO_REPORTS, newest: null }), refused: true });
    }
    return found;
  }

  /** Devices with a receipt about the order that failed verification. The index of alerts finds these few devices. */
  async #refused(order: string, devices: readonly DeviceId[]): Promise<DeviceId[]> {
    if (devices.length === 0) return [];
    const requested = tableOf(
      ['text'],
      devices.map((device) => [device]),
    );
    const { rows } = await sql<{ id: string }>`
      select d.id from ${requested} as v cross join devices d
      where d.id = v.column1
        and exists (select 1 from alerts a where a.device_id = d.id and a.code = 'receipt_invalid')
        and exists (select 1 from receipts r where r.device_id = d.id and r.generation = d.generation
          and r.order_number = ${order} and r.verified = 2)`.execute(this.#database.db);
    return rows.map(({ id }) => deviceIdSchema.parse(id));
  }
}

const momentOf = (text: string): NoticeMoment | undefined => NOTICE_MOMENTS.find((moment) => moment === text);

interface Row extends Record<'delivered' | 'displayed' | 'newest' | 'closed' | 'opened', number | null> {
  readonly id: string;
}
