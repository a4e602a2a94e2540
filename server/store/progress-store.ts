/** What devices' verified receipts amount to, counted where they lie: by the index that holds all that is asked of them. */
import { setImmediate as turn } from 'node:timers/promises';
import { sql } from 'kysely';
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

  async told(order: string, revision: number, devices: readonly DeviceId[]): Promise<Told> {
    const asked = tableOf(
      ['text'],
      devices.map((device) => [device]),
    );
    // A device's time and the revisions that it knows only ever go up, so that of each kind its newest receipt has the highest of both.
    const { rows } = await sql<{ [K in keyof Told]: number | null }>`
      select sum(informed) as informed, sum(shown) as shown, sum(closed) as enforced,
        sum(case when closed = 0 and opened = 1 then 1 else 0 end) as restored, max(newest) as newest
      from (
        select device_id, max(informed) as informed, max(shown) as shown, max(newest) as newest,
          max(case when closed_at > coalesce(opened_at, -1) or closed_at = opened_at and closed_by > opened_by then 1 else 0 end) as closed,
          max(case when closed_at <= opened_at then 1 else 0 end) as opened
        from (
          select r.device_id, r.service,
            max(case when r.kind = 'informed' and r.revision = ${revision} then 1 else 0 end) as informed,
            max(case when r.kind = 'shown' and r.revision = ${revision} then 1 else 0 end) as shown,
            max(case when r.kind = 'enforced' then r.at end) as closed_at,
            max(case when r.kind = 'enforced' then r.revision end) as closed_by,
            max(case when r.kind = 'restored' then r.at end) as opened_at,
            max(case when r.kind = 'restored' then r.revision end) as opened_by,
            max(case when r.revision = ${revision} or r.service is not null then r.at end) as newest
          from ${asked} as v cross join devices d cross join receipts r
          where d.id = v.column1 and r.device_id = d.id and r.generation = d.generation
            and r.order_number = ${order} and r.kind in ('informed', 'shown', 'enforced', 'restored') and r.verified = 1
          group by r.device_id, r.service
        ) as of_service group by device_id
      ) as of_device`.execute(this.#database.db);
    const count = (value: number | null | undefined) => Number(value ?? 0);
    const [row] = rows;
    return {
      informed: count(row?.informed),
      shown: count(row?.shown),
      enforced: count(row?.enforced),
      restored: count(row?.restored),
      newest: row?.newest == null ? null : Number(row.newest),
    };
  }
}
