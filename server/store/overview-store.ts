/** Counts of the fleet, each in one pass over an index or a narrow table, so that they can be asked of a large fleet at every look. */
import { type RawBuilder, sql } from 'kysely';
import { GRAVE_ALARMS } from '../../shared/api/alarm-severity.ts';
import type { Scope } from '../devices/scope.ts';
import type { AreaCount, FleetCounts, FleetQuestion, OverviewStore as Port } from '../overview/overview.ts';
import type { Database, DialectName } from './database.ts';
import { among, countIds, knownAt, selected } from './device-list.ts';
import { withinScope } from './device-scope.ts';

type Within = Pick<FleetQuestion, 'scope' | 'now'>;

export class OverviewStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async fleet({ silentBefore, listVersion, ...within }: FleetQuestion): Promise<FleetCounts> {
    const { dialect } = this.#database;
    const [total, presence, { known }] = await Promise.all([
      countIds(this.#database, { filter: { status: 'active' }, ...within }),
      this.#one(sql<Omit<FleetCounts, 'total' | 'known'>>`
        select count(*) as "everConnected",
          count(*) filter (where connected = 1) as connected,
          count(*) filter (where connected = 0 and last_seen_at < ${silentBefore}) as silent,
          count(*) filter (where list_version < ${listVersion}) as behind,
          count(*) filter (where list_version < ${listVersion} and connected = 1) as "behindConnected"
        from device_presence where ${ofFleet(dialect, sql`device_presence.device_id`, within)}`),
      this.#one(sql<{ known: number }>`
        select count(*) as known from locations
        where ${knownAt(within.now)} and ${ofFleet(dialect, sql`locations.device_id`, within)}`),
    ]);
    return { total, ...presence, known };
  }

  async areas(within: Within): Promise<AreaCount[]> {
    const { db, dialect } = this.#database;
    const device = sql`device_ties.device_id`;
    const { from, connected } = CONNECTED[dialect];
    const { rows } = await sql<AreaCount>`
      select area, count(*) as devices, ${connected} as connected
      from ${from}
      where tie = 'present' and ${WHOLE} and ${among(dialect, 'locations', knownAt(within.now), device)} and ${ofFleet(dialect, device, within)}
      group by area order by devices desc, area`.execute(db);
    return rows;
  }

  async alarmsSince(since: number, scope: Scope): Promise<{ readonly all: number; readonly grave: number }> {
    const within =
      scope === null ? sql`1 = 1` : sql`device_id in (select devices.id from devices where ${withinScope(scope)})`;
    const codes = sql.join([...GRAVE_ALARMS].map((code) => sql`${code}`));
    const { alarms, grave } = await this.#one(
      sql<{ alarms: number; grave: number | null }>`
        select count(*) as alarms, sum(case when code in (${codes}) then 1 else 0 end) as grave
        from alarms where at >= ${since} and ${within}`,
    );
    return { all: Number(alarms), grave: Number(grave ?? 0) };
  }

  async #one<Row>(query: RawBuilder<Row>): Promise<Row> {
    const { rows } = await query.execute(this.#database.db);
    const [row] = rows;
    if (!row) throw new Error('a count without an answer');
    return row;
  }
}

/** Countries and disputed ground: whoever is in a part of a country stands under the country as well. */
const WHOLE = sql`(length(area) = 2 or area like 'XX-%')`;

/** What a list is to SQLite, a join is to PostgreSQL: here it would look for each device. */
const CONNECTED = {
  sqlite: {
    from: sql`device_ties`,
    connected: sql`count(*) filter (where ${among('sqlite', 'device_presence', sql`connected = 1`, sql`device_ties.device_id`)})`,
  },
  postgres: {
    from: sql`device_ties left join device_presence
      on device_presence.device_id = device_ties.device_id and device_presence.connected = 1`,
    connected: sql`count(device_presence.device_id)`,
  },
};

/**
 * Whether a device is active and within the scope. SQLite makes a list of those that it looks for: without a scope the few that have ended are a
 * short one. It shall not begin with the list, since the rows of a table that is read whole are far cheaper than as many single ones.
 */
function ofFleet(dialect: DialectName, id: RawBuilder<unknown>, { scope, now }: Within): RawBuilder<boolean> {
  const active = selected(dialect, { filter: { status: 'active' }, scope, now });
  if (dialect === 'postgres') return sql`exists (select 1 from devices where devices.id = ${id} and ${active})`;
  return scope === null
    ? sql`(${id} not in (select id from devices where status in ('revoked', 'unenrolled')))`
    : sql`(${id} in (select devices.id from devices where ${active})) is true`;
}
