/** What devices' verified receipts amount to, counted where they lie: by the index that holds all that is asked of them. */
import { setImmediate as turn } from 'node:timers/promises';
import { sql } from 'kysely';
import { NOTICE_MOMENTS, type NoticeMoment } from '../../shared/order/documents.ts';
import type { NoticeCount } from '../../shared/order/notice-times.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { ProgressStore as Port, Told } from '../orders/progress.ts';
import { tableOf } from './bulk.ts';
import type { Database } from './database.ts';

/** A few milliseconds of SQLite. */
const PAGE = 2_000;

export class ProgressStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async enforcedBy(order: string): Promise<DeviceId[]> {
    const found: DeviceId[] = [];
    for (let after: string | undefined = ''; after !== undefined; ) {
      const rows: { device_id: string }[] = await this.#database.db
        .selectFrom('receipts')
        // Keeps SQLite to the order of the index, which is that of the page.
        .crossJoin('devices')
        .select('receipts.device_id')
        .distinct()
        .whereRef('devices.id', '=', 'receipts.device_id')
        .whereRef('devices.generation', '=', 'receipts.generation')
        .where('devices.status', '=', 'active')
        .where('order_number', '=', order)
        .where('kind', '=', 'enforced')
        // Said and not asked: an index with a condition is taken only where a query is seen to fulfil it.
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
      const { rows } = await sql<{ notice: string; kind: 'informed' | 'shown'; devices: number; late: number }>`
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
        const before = found.get(moment) ?? { informed: 0, shown: 0, late: 0 };
        const more = kind === 'informed' ? { late: before.late + Number(late) } : {};
        found.set(moment, { ...before, [kind]: before[kind] + Number(devices), ...more });
      }
      after = last?.id ?? null;
      await turn();
    }
    return found;
  }

  /**
   * A device says once of each revision that it has stored it, and once that it has shown it. Of each service its newest receipt decides: a
   * device's time and the revisions that it knows only ever go up, so that of each kind the newest receipt has the highest of both.
   */
  async told(order: string, revision: number, devices: readonly DeviceId[]): Promise<Told> {
    const asked = tableOf(
      ['text'],
      devices.map((device) => [device]),
    );
    const said = (kind: string) => sql`(
      select r.at from receipts r
      where r.order_number = ${order} and r.kind = ${sql.lit(kind)} and r.device_id = d.id
        and r.generation = d.generation and r.service is null and r.revision = ${revision} and r.verified = 1 limit 1
    )`;
    const { rows } = await sql<Row>`
      with mine as materialized (
        select d.id, d.generation from ${asked} as v cross join devices d where d.id = v.column1
      ), heard as materialized (
        select ${said('informed')} as informed, ${said('shown')} as shown from mine d
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
        select max(newest) as newest,
          max(case when closed_at > coalesce(opened_at, -1) or closed_at = opened_at and closed_by > opened_by
            then 1 else 0 end) as closed,
          max(case when closed_at <= opened_at then 1 else 0 end) as opened
        from of_service group by device_id
      )
      select h.*, g.* from (
        select count(informed) as informed, count(shown) as shown, max(informed) as informed_at, max(shown) as shown_at
        from heard
      ) as h cross join (
        select sum(closed) as enforced, sum(case when closed = 0 and opened = 1 then 1 else 0 end) as restored,
          max(newest) as gates_at
        from of_device
      ) as g`.execute(this.#database.db);
    const [row] = rows;
    if (!row) throw new Error('a count has no row');
    const newest = [row.informed_at, row.shown_at, row.gates_at].filter((at) => at !== null).map(Number);
    return {
      informed: Number(row.informed),
      shown: Number(row.shown),
      enforced: Number(row.enforced ?? 0),
      restored: Number(row.restored ?? 0),
      newest: newest.length > 0 ? Math.max(...newest) : null,
    };
  }
}

const momentOf = (text: string): NoticeMoment | undefined => NOTICE_MOMENTS.find((moment) => moment === text);

type Row = Record<
  'informed' | 'shown' | 'informed_at' | 'shown_at' | 'enforced' | 'restored' | 'gates_at',
  number | null
>;
